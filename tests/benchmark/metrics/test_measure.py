"""Values with intervals, and resamples that pair up."""

import numpy as np
import pytest
from metric_inputs import ids_of, random_logits, random_predictions
from sklearn.metrics import balanced_accuracy_score

from benchmark.logits import Logits
from benchmark.metrics import METRICS, measure, resampling_seed
from benchmark.metrics._resampling import in_blocks, resample_counts
from benchmark.predictions import Predictions
from registry.statistics import percentile_interval


def test_resamples_are_the_same_for_two_models_of_a_task() -> None:
    good, bad = random_predictions(seed=0, scale=2.0), random_predictions(seed=0, scale=0.1)
    seed = resampling_seed("digits-5-9@1")
    first, second = (METRICS["top1"].replicates(model, seed) for model in (good, bad))
    assert first is not None
    assert second is not None
    assert (first == second).all()  # the scale of the logits changes no answer, so pairs must agree image by image


def test_another_version_of_a_task_draws_anew() -> None:
    assert resampling_seed("digits-5-9@1") != resampling_seed("digits-5-9@2")


def test_resamples_have_the_moments_of_draws_with_replacement() -> None:
    counts = resample_counts(50, seed=1, replicates=4000).astype(float)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(50), abs=0.07)
    assert counts.var(axis=0).mean() == pytest.approx(1 - 1 / 50, rel=0.02)


def test_strata_keep_their_sizes() -> None:
    strata = np.array([2, 0, 2, 1, 2, 0])
    counts = resample_counts(6, seed=1, replicates=50, strata=strata)
    for stratum, size in ((0, 2), (1, 1), (2, 3)):
        assert (counts[:, strata == stratum].sum(axis=1) == size).all()
    assert (counts[:, 3] == 1).all()


def test_blocks_hold_all_replicates_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = resample_counts(7, seed=1, replicates=5)
    monkeypatch.setattr("benchmark.metrics._resampling.BLOCK_ELEMENTS", 14)
    blocks = list(in_blocks(counts))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert (np.concatenate(blocks) == counts).all()


def test_replicates_of_the_mean_per_class_resample_within_classes() -> None:
    logits, labels = random_logits(90, 3, seed=4)
    predictions = Predictions.from_logits(ids_of(90), labels, Logits(logits))
    counts = resample_counts(90, seed=9, replicates=3, strata=labels)
    replicates = METRICS["mean-per-class"].replicates(predictions, seed=9, replicates=3)
    assert replicates is not None
    for drawn, replicate in zip(counts, replicates, strict=True):
        rows = np.repeat(np.arange(90), drawn)
        assert replicate == pytest.approx(balanced_accuracy_score(labels[rows], logits[rows].argmax(1)))


def test_one_image_has_a_value_and_no_interval() -> None:
    predictions = Predictions.from_logits(["a"], np.array([1]), Logits(np.array([[0.0, 2.0]])))
    measured = measure(METRICS["nll"], predictions, seed=0)
    assert measured.value == pytest.approx(np.log1p(np.exp(-2.0)))
    assert measured.ci_low is None
    assert measured.no_interval_reason == "one image has no spread"


def test_the_basic_interval_of_the_likelihood_covers_the_truth_as_often_as_it_says() -> None:
    """200 samples of 100 images: 95 % within the binomial error of 200 and the bootstrap's known shortfall."""
    truth = METRICS["nll"].compute(random_predictions(20_000, 6, seed=7))
    covered = 0
    for trial in range(200):
        measured = measure(METRICS["nll"], random_predictions(100, 6, seed=trial + 100), seed=trial, replicates=300)
        assert measured.ci_low is not None
        assert measured.ci_high is not None
        covered += measured.ci_low <= truth <= measured.ci_high
    assert 0.89 <= covered / 200 <= 0.98


@pytest.mark.parametrize("name", ["ece15", "ks-error", "debiased-rmsce15"])
def test_the_declared_interval_holds_the_truth_where_percentiles_do_not(name: str) -> None:
    """At a scale of 2 the logits of ``random_logits`` are the true log-odds: the network is calibrated."""
    metric = METRICS[name]
    truth = 0.0 if name != "ece15" else metric.compute(random_predictions(100_000, 6, seed=1, scale=2.0))
    held = {"declared": 0, "percentiles": 0}
    for trial in range(60):
        measured = measure(metric, random_predictions(300, 6, seed=trial + 2, scale=2.0), seed=trial, replicates=200)
        assert measured.ci_low is not None
        assert measured.ci_high is not None
        assert measured.replicates is not None
        low, high = percentile_interval(measured.replicates)
        held["declared"] += measured.ci_low <= truth <= measured.ci_high
        held["percentiles"] += low <= truth <= high
    assert held["declared"] > held["percentiles"] + 3
    assert name == "ece15" or held["declared"] >= 54  # nine of ten, of 95 that are promised
