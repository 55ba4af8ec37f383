"""Relative error change: the golden value, and the delta method against simulation."""

import json
from pathlib import Path

import numpy as np
import pytest

from registry.statistics import Change, mean_relative_error_change, relative_error_change

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.json"


def test_golden_mean_relative_error_change() -> None:
    document = json.loads(GOLDEN.read_text(encoding="utf-8"))
    golden = document["golden"]["G.mean_relative_error_change"]["value"]
    accuracies = document["inputs"]["G"]["acc[model][task]"]
    dense = accuracies[document["inputs"]["G"]["baseline"]]
    for model, expected in zip(accuracies, golden, strict=True):
        changes = [relative_error_change(own, parent) for own, parent in zip(model, dense, strict=True)]
        assert mean_relative_error_change(changes).value == pytest.approx(expected, abs=1e-12)


def test_the_delta_method_agrees_with_simulation() -> None:
    generator = np.random.default_rng(0)
    sparse, dense = generator.normal(0.80, 0.002, 200_000), generator.normal(0.85, 0.003, 200_000)
    simulated = ((1 - sparse) / (1 - dense) - 1).std()
    change = relative_error_change(0.80, 0.85, 0.002, 0.003)
    assert change.value == pytest.approx(0.2 / 0.15 - 1)
    assert change.standard_error == pytest.approx(simulated, rel=0.01)


def test_the_interval_is_symmetric_and_absent_without_a_spread() -> None:
    interval = relative_error_change(0.80, 0.85, 0.002, 0.003).interval()
    assert interval is not None
    assert sum(interval) / 2 == pytest.approx(0.2 / 0.15 - 1)
    assert relative_error_change(0.80, 0.85, None, 0.003).interval() is None


def test_means_combine_independent_tasks() -> None:
    mean = mean_relative_error_change([Change(0.1, 0.03), Change(0.3, 0.04)])
    assert mean.value == pytest.approx(0.2)
    assert mean.standard_error == pytest.approx(0.025)
    assert mean_relative_error_change([Change(0.1, 0.03), Change(0.3, None)]).standard_error is None


def test_a_dense_model_without_errors_has_no_relative_change() -> None:
    with pytest.raises(ValueError, match="makes no error"):
        relative_error_change(0.9, 1.0)
    with pytest.raises(ValueError, match="at least one task"):
        mean_relative_error_change([])
