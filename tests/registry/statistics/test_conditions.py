"""Quartiles severity by severity."""

import numpy as np
import pytest

from registry.statistics import quartiles_by_severity


def test_each_severity_has_the_quartiles_of_its_corruptions() -> None:
    generator = np.random.default_rng(0)
    values = {f"c{name}/{severity}": float(generator.random()) for name in range(15) for severity in range(1, 6)}
    found = quartiles_by_severity(values)
    assert list(found) == [1, 2, 3, 4, 5]
    for severity, quartiles in found.items():
        these = [value for condition, value in values.items() if condition.endswith(f"/{severity}")]
        assert quartiles[:5] == pytest.approx(np.percentile(these, [0, 25, 50, 75, 100]))
        assert quartiles.n == 15


def test_what_has_no_severity_is_left_out() -> None:
    assert quartiles_by_severity({"clean": 0.9, "": 0.5, "fog/hard": 0.1}) == {}
    assert quartiles_by_severity({"fog/2": 0.25})[2] == (0.25, 0.25, 0.25, 0.25, 0.25, 1)
