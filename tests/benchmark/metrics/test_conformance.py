"""What every metric must hold to, run on every entry of METRICS."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_inputs import evaluate, exact_samples, ids_of, predictions_of, random_logits, random_predictions, subject_of

import benchmark.columns
from benchmark.columns import LABEL_COLUMNS, Columns
from benchmark.errors import LogitsError, MetricError, MetricUndefinedError
from benchmark.logits import Logits
from benchmark.metrics import METRICS, measure
from benchmark.metrics._metric import Interval, ResampledMetric, SampleMetric
from benchmark.metrics.corruption_error import Mistakes
from benchmark.metrics.cost import Cost
from benchmark.ood import Detection
from benchmark.predictions import Predictions
from benchmark.samples import Samples

ALL = list(METRICS)
OF_SAMPLES = [name for name, metric in METRICS.items() if isinstance(metric, SampleMetric)]
RESAMPLED = [name for name, metric in METRICS.items() if isinstance(metric, ResampledMetric)]
CAN_NEED = {
    "predictions": {field.name for field in fields(Columns)} | {"gaps", "temperature"},
    "detection pair": {field.name for field in fields(Columns)},
    "mistakes by condition": {"true_rank"},
    "cost": {field.name for field in fields(Cost)} | {"latency_ms"},
}


def sample_metric(name: str) -> Any:
    return METRICS[name]


def taken(samples: Samples, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Samples:
    return samples.taken(rows)


@pytest.mark.parametrize("name", ALL)
def test_facts_are_complete(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.version >= 1
    assert metric.direction in ("higher", "lower", "none")
    assert metric.definition.endswith(".")
    assert metric.pitfalls.endswith(".")
    assert metric.title
    assert metric.unit
    assert metric.source
    assert (metric.interval is Interval.NONE) == (metric.no_interval_reason is not None)
    assert metric.needs
    assert set(metric.needs) <= CAN_NEED[metric.subject]


@pytest.mark.parametrize("name", ALL)
def test_a_value_lies_in_its_bounds_and_its_interval(name: str) -> None:
    metric = METRICS[name]
    measured = measure(metric, subject_of(metric), seed=5, replicates=200)
    low = -np.inf if metric.lower_bound is None else metric.lower_bound
    high = np.inf if metric.upper_bound is None else metric.upper_bound
    assert measured.value is not None
    assert low <= measured.value <= high
    if metric.interval is Interval.NONE:
        assert measured.ci_low is None
        assert measured.no_interval_reason
    else:
        assert measured.ci_low is not None
        assert measured.ci_high is not None
        assert low <= measured.ci_low < measured.ci_high <= high
        assert measured.interval_method == metric.interval.value
        assert measured.replicates is not None
        assert measured.replicates.shape == (200,)
        assert np.isfinite(measured.replicates).all()


@pytest.mark.parametrize("name", OF_SAMPLES)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.01, 1.0, 30.0, 3000.0]), classes=st.integers(6, 9))
def test_bounds_hold_however_sure_the_network_is(name: str, seed: int, scale: float, classes: int) -> None:
    metric = METRICS[name]
    value = metric.compute(random_predictions(40, classes, seed, scale, temperature=0.7))
    assert metric.lower_bound is None or value >= metric.lower_bound
    assert metric.upper_bound is None or value <= metric.upper_bound + 1e-12


@pytest.mark.parametrize("name", OF_SAMPLES)
@given(seed=st.integers(0, 1000))
def test_the_order_of_images_changes_nothing(name: str, seed: int) -> None:
    logits, labels = random_logits(60, 7, seed)
    logits = logits.round(1)  # equal logits and equal confidences on purpose
    samples = exact_samples(logits, labels)
    shuffled = taken(samples, np.random.default_rng(seed).permutation(60))
    metric = sample_metric(name)
    assert metric.evaluate(shuffled, 60) == pytest.approx(metric.evaluate(samples, 60), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", RESAMPLED)
def test_a_resample_is_measured_as_if_its_images_were_there(name: str) -> None:
    metric: Any = METRICS[name]
    subject = subject_of(metric)
    samples, n = metric.samples(subject), metric.size(subject)
    counts = metric.resample(samples, n, seed=3, replicates=5)
    replicates = metric.replicates(subject, seed=3, replicates=5)
    for drawn, replicate in zip(counts, replicates, strict=True):
        rows = np.repeat(np.arange(n), drawn)
        assert metric.evaluate(taken_from(samples, rows), n) == pytest.approx(float(replicate), rel=1e-9, abs=1e-12)


def taken_from(samples: Any, rows: Any) -> Any:
    if isinstance(samples, Samples):
        return taken(samples, rows)
    if isinstance(samples, Detection):
        first = samples.inside.size
        return Detection(samples.inside[rows[rows < first]], samples.outside[rows[rows >= first] - first])
    if isinstance(samples, Mistakes):
        clean = None if samples.clean is None else samples.clean[rows]
        return Mistakes({name: wrong[rows] for name, wrong in samples.by_condition.items()}, clean)
    return samples[rows]


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_classes_of_zero_mass_change_nothing_but_what_counts_classes(name: str) -> None:
    logits, labels = random_logits(200, 7)
    padded = np.concatenate([logits, np.full((200, 3), -2000.0)], axis=1)
    before, after = evaluate(name, exact_samples(logits, labels)), evaluate(name, exact_samples(padded, labels))
    if METRICS[name].per_class_count:
        assert after != pytest.approx(before, rel=1e-4)
    else:
        assert after == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_a_constant_added_to_the_logits_of_an_image_changes_nothing(name: str) -> None:
    logits, labels = random_logits(200, 7)
    shifted = logits + np.random.default_rng(1).normal(scale=5.0, size=(200, 1))
    assert evaluate(name, exact_samples(shifted, labels)) == pytest.approx(
        evaluate(name, exact_samples(logits, labels)), rel=1e-9
    )


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_the_size_of_chunks_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = random_logits(101, 7)
    whole = METRICS[name].compute(predictions_of(logits, labels, 0.9))
    monkeypatch.setattr(benchmark.columns, "CHUNK_ELEMENTS", 50)
    pieces = METRICS[name].compute(predictions_of(logits, labels, 0.9))
    assert pieces == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("name", OF_SAMPLES)
@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_storage_precision_costs_less_than_any_interval_could_show(name: str, scale: float) -> None:
    """Metrics of float32 columns lose 1e-7; those of all classes or another temperature read float16 gaps."""
    logits, labels = random_logits(2000, 10, scale=scale)
    metric: Any = METRICS[name]
    predictions = predictions_of(logits, labels, 1.3)
    exact = exact_samples(logits, labels)
    value = metric.evaluate(exact.at_temperature(1.3) if metric.tempered else exact, 2000)
    tolerance = 2e-3 if "gaps" in metric.needs or metric.tempered else 1e-6
    assert metric.compute(predictions) == pytest.approx(value, rel=tolerance, abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_nothing_has_no_value(name: str) -> None:
    metric = METRICS[name]
    none = np.empty(0)
    with pytest.raises((LogitsError, MetricError)):
        if metric.subject == "predictions":
            metric.compute(Predictions.from_logits([], np.empty(0, np.int64), Logits(np.empty((0, 7)))))
        elif metric.subject == "detection pair":
            metric.compute(Detection(none, none))
        elif metric.subject == "mistakes by condition":
            metric.compute(Mistakes({"fog/1": none}, none))
        else:
            counts = Cost(bytes=-1, nonzeros=-1, flops=-1.0, flops_dense=-1.0, peak_memory_bytes=-1, energy_joules=-1.0)
            metric.compute(replace(counts, latency_ms=none, throughput=none))


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_images_without_labels_have_no_value_where_labels_matter(name: str) -> None:
    logits, _ = random_logits(50, 7)
    measured = measure(METRICS[name], predictions_of(logits, None, 1.0), seed=0, replicates=10)
    if set(METRICS[name].needs) & set(LABEL_COLUMNS):
        assert measured.value is None
        assert measured.missing_reason == "these images have no label among the model's classes"
    else:
        assert measured.value is not None


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_of_twenty_kept_logits_a_metric_has_the_same_value_or_says_why_none(name: str) -> None:
    """A metric that reads what it does not declare would give another number, or fail otherwise."""
    logits, labels = random_logits(120, 40)
    extra = {"expected_entropy": 0.75 * exact_samples(logits, labels).columns.entropy}
    whole, top = (
        Predictions.from_logits(ids_of(120), labels, Logits(logits), "", 1.3, keep=keep, extra=extra)
        for keep in ("all", "top")
    )
    measured = measure(METRICS[name], Predictions.from_parquet(top.to_parquet()), seed=0, replicates=10)
    if "gaps" in METRICS[name].needs:
        assert measured.value is None
        assert "20 largest logits are kept" in (measured.missing_reason or "")
    else:
        assert measured.value == pytest.approx(METRICS[name].compute(whole), rel=2e-3 if name.endswith("-ts") else 0)


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_what_a_metric_declares_is_all_that_it_reads(name: str) -> None:
    metric = sample_metric(name)
    samples = metric.samples(random_predictions(60))
    ours = {"labels", "log_normaliser", *metric.needs} if metric.tempered else {"labels", *metric.needs}
    blank = {
        column: np.full(len(values), np.nan if values.dtype.kind == "f" else -7, values.dtype)
        for column, values in samples.columns.present().items()
        if column not in ours
    }
    hidden = replace(samples, columns=replace(samples.columns, **blank))
    assert metric.evaluate(hidden, 60) == metric.evaluate(samples, 60)


@pytest.mark.parametrize("name", RESAMPLED)
def test_replicates_depend_on_the_seed_alone(name: str) -> None:
    metric: Any = METRICS[name]
    subject = subject_of(metric)
    first, again, other = (metric.replicates(subject, seed, 20) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_metric_that_is_not_a_number_is_an_error_in_the_metric() -> None:
    broken = replace(sample_metric("nll"), statistic=lambda _: lambda counts: np.full(len(counts), np.nan))
    with pytest.raises(MetricError, match="error in the metric"):
        broken.compute(random_predictions())


def test_scaled_metrics_are_missing_without_a_temperature() -> None:
    for name in ("nll-ts", "brier-ts", "ece15-ts"):
        with pytest.raises(MetricUndefinedError, match="no temperature"):
            METRICS[name].compute(random_predictions(temperature=None))
