"""Columns against the definitions in their docstring, evaluated plainly."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_inputs import exact_samples, random_logits
from scipy.special import logsumexp
from scipy.stats import entropy

from benchmark.columns import UNLABELLED, columns_of, joined
from benchmark.errors import LogitsError
from benchmark.logits import Logits
from benchmark.samples import Samples, check_columns, samples_of


@given(seed=st.integers(0, 10**6), classes=st.integers(1, 12), scale=st.sampled_from([0.1, 1.0, 50.0]))
def test_columns_are_what_they_are_said_to_be(seed: int, classes: int, scale: float) -> None:
    z, labels = random_logits(30, classes, seed, scale)
    columns = exact_samples(z, labels).columns
    p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
    true = z[np.arange(30), labels]
    assert (columns.argmax == z.argmax(1)).all()
    assert (columns.true_rank == (z > true[:, None]).sum(1)).all()
    assert (columns.max_logit == z.max(1)).all()
    assert columns.log_normaliser == pytest.approx(logsumexp(z, axis=1) - z.max(1), rel=1e-6, abs=1e-12)
    assert columns.true_gap == pytest.approx(true - z.max(1))
    assert columns.rest_squares == pytest.approx(np.sort(p**2, axis=1)[:, :-1].sum(1), rel=1e-9)
    assert columns.entropy == pytest.approx(entropy(p, axis=1), rel=1e-6, abs=1e-12)
    assert columns.confidence() == pytest.approx(p.max(1))


def test_equal_logits_rank_by_class() -> None:
    columns = exact_samples(np.array([[1.0, 2.0, 2.0, 2.0, 3.0]] * 3), np.array([1, 3, 0])).columns
    assert columns.true_rank.tolist() == [1, 3, 4]


def test_a_temperature_divides_every_logit() -> None:
    z, labels = random_logits(40, 6)
    scaled, direct = exact_samples(z, labels).at_temperature(1.7), exact_samples(z / 1.7, labels)
    for name in ("max_logit", "log_normaliser", "true_gap", "rest_squares", "entropy"):
        assert getattr(scaled.columns, name) == pytest.approx(getattr(direct.columns, name), rel=1e-12), name
    assert (scaled.columns.true_rank == direct.columns.true_rank).all()


def test_images_of_no_class_have_no_rank() -> None:
    samples = samples_of(Logits(np.zeros((3, 2))), None)
    assert not samples.columns.labelled()
    assert set(samples.columns.labels.tolist()) == set(samples.columns.true_rank.tolist()) == {UNLABELLED}
    assert np.isnan(samples.columns.true_gap).all()
    assert not samples.at_temperature(2.0).columns.labelled()


def lie(samples: Samples, column: str, value: Any) -> Samples:
    values = getattr(samples.columns, column).copy()
    values[0] = value
    return replace(samples, columns=replace(samples.columns, **{column: values}))


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("labels", 6, "labels are classes"),
        ("labels", -1, "labels are classes"),
        ("argmax", 6, "argmax is a class"),
        ("true_rank", 6, "ranks are ranks"),
        ("true_gap", 0.5, "the gap of the label is at most 0"),
        ("true_gap", np.nan, "the gap of the label is at most 0"),
        ("max_logit", np.inf, "no number is NaN"),
        ("log_normaliser", -0.5, "below 0"),
        ("entropy", -0.5, "below 0"),
    ],
)
def test_columns_that_contradict_each_other_are_named(column: str, value: float, rule: str) -> None:
    samples = exact_samples(*random_logits(10, 6))
    check_columns(samples)
    with pytest.raises(LogitsError, match=rule):
        check_columns(lie(samples, column, value))


def test_a_rank_that_makes_a_wrong_answer_right_is_found() -> None:
    samples = exact_samples(np.array([[0.0, 1.0]]), np.array([0]))
    with pytest.raises(LogitsError, match="rank 0 is the argmax"):
        check_columns(lie(samples, "true_rank", 0))


def test_some_labels_are_all_labels_or_none() -> None:
    samples = samples_of(Logits(np.zeros((3, 2))), None)
    check_columns(samples)
    with pytest.raises(LogitsError, match="labels are classes"):
        check_columns(lie(samples, "labels", 0))


def test_batches_leave_no_trace() -> None:
    z, labels = random_logits(70, 9)
    whole = columns_of(z, labels)
    parts = joined(columns_of(z[start : start + 13], labels[start : start + 13]) for start in range(0, 70, 13))
    for name, values in whole.present().items():
        assert (getattr(parts, name) == values).all(), name


def test_one_pass_needs_the_memory_of_one_chunk() -> None:
    """20 MB of logits become columns without another array of their size."""
    z, labels = random_logits(5000, 1000)
    logits = z.astype(np.float32)
    tracemalloc.start()
    columns = columns_of(logits, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(values.nbytes for values in columns.present().values()) <= 64 * 5000
    assert peak < 5_000_000
