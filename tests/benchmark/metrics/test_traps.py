"""Mistakes that give plausible numbers, each with the number it would give."""

from dataclasses import replace

import numpy as np
import pytest
from metric_inputs import evaluate, exact_samples, ids_of, random_logits, random_mistakes

from benchmark.errors import LogitsError, MetricUndefinedError
from benchmark.logits import Logits
from benchmark.metrics import METRICS, measure
from benchmark.metrics._bins import right_closed_bins
from benchmark.metrics.corruption_error import (
    ALEXNET,
    ALEXNET_CLEAN,
    SEVERITIES,
    Mistakes,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from benchmark.metrics.cost import Cost
from benchmark.predictions import Predictions


def test_a_saturated_network_keeps_its_likelihood() -> None:
    samples = exact_samples(np.array([[60.0, 0.0], [0.0, 60.0]]), np.array([0, 0]))
    assert evaluate("nll", samples) == pytest.approx(30.0, rel=1e-12)  # a float32 probability clipped at 1e-7: 8.06


def test_brier_keeps_its_digits_where_the_confidence_rounds_to_one() -> None:
    sure = exact_samples(np.array([[40.0, 0.0]]), np.array([0]))
    assert evaluate("brier", sure) == pytest.approx(2 * np.exp(-80.0), rel=1e-9)


def test_classes_weigh_the_same_in_the_mean_per_class() -> None:
    logits = np.array([[1.0, 0.0]] * 9 + [[1.0, 0.0]])
    samples = exact_samples(logits, np.array([0] * 9 + [1]))
    assert evaluate("top1", samples) == pytest.approx(0.9)
    assert evaluate("mean-per-class", samples) == pytest.approx(0.5)


def test_a_class_without_images_is_left_out_of_the_mean_per_class() -> None:
    samples = exact_samples(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([0, 1]))
    assert evaluate("mean-per-class", samples) == 1.0


def test_a_network_that_answers_the_same_for_all_classes_is_right_on_the_first_only() -> None:
    samples = exact_samples(np.zeros((3, 3)), np.array([0, 1, 2]))
    assert samples.columns.true_rank.tolist() == [0, 1, 2]
    assert evaluate("top1", samples) == pytest.approx(1 / 3)


def test_top5_of_five_classes_is_missing_rather_than_one() -> None:
    logits, labels = random_logits(20, 5)
    predictions = Predictions.from_logits(ids_of(20), labels, Logits(logits))
    measured = measure(METRICS["top5"], predictions, seed=0)
    assert measured.value is None
    assert measured.missing_reason is not None
    assert "first five of 5 classes" in measured.missing_reason


def test_bins_are_closed_on_the_right_at_every_edge() -> None:
    edges = np.arange(16) / 15
    assert right_closed_bins(edges, 15).tolist() == [0, *range(15)]
    assert right_closed_bins(np.nextafter(edges[:-1], 2.0), 15).tolist() == list(range(15))


def test_a_restricted_label_space_is_cut_in_logits() -> None:
    logits = np.array([[2.0, 1.0, 5.0, 0.0]])
    cut = Logits(logits).restricted([1, 0])
    assert cut.softmax().values[0, 1] == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert cut.softmax().values[0].sum() == pytest.approx(1.0)  # cut probabilities would sum to 0.047


def test_debiasing_needs_two_images_a_bin() -> None:
    logits, labels = random_logits(29, 6)
    predictions = Predictions.from_logits(ids_of(29), labels, Logits(logits))
    with pytest.raises(MetricUndefinedError, match="30 images, not 29"):
        METRICS["debiased-rmsce15"].compute(predictions)


def test_nan_logits_have_no_metric() -> None:
    with pytest.raises(LogitsError, match="the first is image 1"):
        Logits(np.array([[0.0, 1.0], [np.nan, 0.0]]))


def test_what_was_not_measured_is_missing_and_never_zero() -> None:
    cost = Cost(bytes=10, nonzeros=3)
    for name in ("flops", "latency-ms"):
        measured = measure(METRICS[name], cost, seed=0)
        assert measured.value is None
        assert measured.missing_reason


def test_the_median_of_an_even_number_of_timings_is_between_the_middle_two() -> None:
    cost = Cost(bytes=10, nonzeros=3, latency_ms=np.array([4.0, 1.0, 2.0, 100.0]))
    assert METRICS["latency-ms"].compute(cost) == 3.0


def errors_of(value: float = 0.4) -> dict[str, float]:
    return {f"{name}/{severity}": value for name in ALEXNET for severity in SEVERITIES}


def test_normalisers_are_found_by_name_in_whatever_order() -> None:
    errors = {condition: 0.1 + 0.005 * place for place, condition in enumerate(errors_of())}
    backwards = dict(reversed(ALEXNET.items()))
    assert mean_corruption_error(errors, backwards) == pytest.approx(mean_corruption_error(errors), rel=1e-14)
    by_position = dict(zip(ALEXNET, backwards.values(), strict=True))
    assert mean_corruption_error(errors, by_position) != pytest.approx(mean_corruption_error(errors), rel=1e-3)


def test_the_mean_of_ratios_is_not_the_ratio_of_means() -> None:
    errors = errors_of()
    ratio_of_means = sum(errors.values()) / (5 * sum(ALEXNET.values()))
    assert mean_corruption_error(errors) == pytest.approx(np.mean([0.4 / alexnet for alexnet in ALEXNET.values()]))
    assert mean_corruption_error(errors) > 1.01 * ratio_of_means


def test_the_four_extra_corruptions_do_not_count() -> None:
    extra = {f"{name}/3": 1.0 for name in ("speckle_noise", "gaussian_blur", "spatter", "saturate")}
    assert mean_corruption_error(errors_of() | extra) == mean_corruption_error(errors_of())


def test_a_missing_severity_is_not_left_out_of_the_mean() -> None:
    errors = errors_of()
    del errors["fog/5"]
    with pytest.raises(MetricUndefinedError, match="1 of these conditions are missing, fog/5 first"):
        mean_corruption_error(errors)


def test_alexnet_itself_has_an_mce_of_one() -> None:
    errors = {f"{name}/{severity}": alexnet for name, alexnet in ALEXNET.items() for severity in SEVERITIES}
    assert mean_corruption_error(errors) == pytest.approx(1.0)
    assert relative_mean_corruption_error(errors, ALEXNET_CLEAN) == pytest.approx(1.0)


def test_without_clean_images_there_is_no_relative_mce() -> None:
    measured = measure(METRICS["relative-mce-official-alexnet"], Mistakes(random_mistakes().by_condition), seed=0)
    assert measured.value is None
    assert (measured.missing_reason or "").startswith("the images were not predicted without corruption: ")


def test_a_thousand_guessed_classes_have_no_probability_above_the_threshold() -> None:
    guess = exact_samples(np.zeros((40, 1000)), np.arange(40))
    with pytest.raises(MetricUndefinedError, match="above 0.01 on any image"):
        evaluate("thresholded-adaptive-ece15", guess)


def test_a_guess_is_calibrated_by_the_scaled_uncertainty_error_alone() -> None:
    """Equal logits of four classes: entropy 1, error 3/4. Doubling the error is right for two classes only."""
    samples = exact_samples(np.zeros((40, 4)), np.arange(40) % 4)
    assert evaluate("uce15-scaled", samples) == pytest.approx(0.0, abs=1e-12)
    assert evaluate("uce15", samples) == pytest.approx(0.25)
    assert evaluate("uce8-mohan", samples) == pytest.approx(50.0)
    two = exact_samples(np.zeros((40, 2)), np.arange(40) % 2)
    assert evaluate("uce8-mohan", two) == pytest.approx(0.0, abs=1e-12)


def test_networks_that_agree_know_nothing_of_each_other() -> None:
    samples = exact_samples(*random_logits(30, 5))
    agreed = replace(samples, columns=replace(samples.columns, expected_entropy=samples.columns.entropy))
    assert evaluate("mutual-information", agreed) == 0.0


def test_one_network_has_no_mutual_information() -> None:
    logits, labels = random_logits(30, 5)
    measured = measure(
        METRICS["mutual-information"], Predictions.from_logits(ids_of(30), labels, Logits(logits)), seed=0
    )
    assert measured.value is None
    assert "posterior" in (measured.missing_reason or "")


def test_images_of_equal_confidence_are_refused_in_no_particular_order() -> None:
    """Two images of one confidence, one right: the first answer is right in half of the orders."""
    samples = exact_samples(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
    assert evaluate("aurra", samples) == pytest.approx((0.5 + 0.5) / 2)
