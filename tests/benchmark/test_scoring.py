"""Which numbers a task gets, and means over conditions."""

from dataclasses import replace

import numpy as np
import pytest
from metric_inputs import ids_of, random_logits

from benchmark.logits import Logits
from benchmark.metrics import METRICS, Measured, measure, resampling_seed
from benchmark.metrics.corruption_error import (
    ALEXNET,
    SEVERITIES,
    mean_corruption_error,
    relative_mean_corruption_error,
)
from benchmark.ood import SCORES, Detection
from benchmark.predictions import Predictions
from benchmark.scoring import AFTER_TEMPERATURE, DETECTION, UPSTREAM, mean_over_conditions, reliability, score
from benchmark.shifts import SHIFTS
from benchmark.tasks import find_task

N, CLASSES = 120, 5
TOP1 = METRICS["top1"]


def _predictions(condition: str = "", seed: int = 0, temperature: float | None = None) -> Predictions:
    rng = np.random.default_rng(seed)
    values, labels = 2 * rng.normal(size=(N, CLASSES)), np.arange(N) % CLASSES
    values[np.arange(N), labels] += 1.5
    ids = [f"image-{index:04}" for index in range(N)]
    return Predictions.from_logits(ids, labels, Logits(values), condition, temperature)


def test_upstream_has_calibration_before_and_after_one_temperature() -> None:
    cells = score(find_task("digits-0-4@1"), {"": _predictions(temperature=1.7), "validation": _predictions(seed=1)})
    whole = [cell for cell in cells if not cell.condition]
    assert [cell.measured.metric for cell in whole] == list(UPSTREAM)
    values = {cell.measured.metric: cell.measured.value for cell in whole}
    assert values["nll"] != values["nll-ts"]


def test_what_does_not_exist_is_missing_with_a_reason() -> None:
    cells = score(find_task("digits-0-4@1"), {"": _predictions(), "validation": _predictions(seed=1)})
    missing = {cell.measured.metric for cell in cells if cell.measured.missing_reason}
    assert missing == {*AFTER_TEMPERATURE.values(), "top5", "mutual-information"}
    assert all((cell.measured.value is None) == bool(cell.measured.missing_reason) for cell in cells)


def test_every_metric_of_predictions_is_computed_for_a_model_on_its_own_classes() -> None:
    of_predictions = {name for name, metric in METRICS.items() if metric.subject == "predictions"}
    assert set(UPSTREAM) == of_predictions - {"mean-per-class"}  # the primary metric of tasks that are judged by it


def test_a_reliability_diagram_is_numbers_of_parts_of_the_test_set() -> None:
    predictions = _predictions(temperature=1.7)
    cells = {(c.condition, c.measured.metric): c.measured for c in reliability(predictions, seed=0)}
    columns = predictions.samples.columns
    confidence, correct = columns.confidence(), columns.correct()
    gap = 0.0
    for number in range(1, 16):
        inside = (confidence > (number - 1) / 15) & (confidence <= number / 15)
        if not inside.any():
            assert (f"confidence/{number}", "top1") not in cells
            continue
        accuracy, mean = (cells[f"confidence/{number}", name] for name in ("top1", "mean-confidence"))
        assert accuracy.n == mean.n == inside.sum()
        assert accuracy.value == pytest.approx(correct[inside].mean())
        assert mean.value == pytest.approx(confidence[inside].mean())
        gap += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert gap == pytest.approx(METRICS["ece15"].compute(predictions))


def test_detection_is_scored_for_each_score() -> None:
    sides = {"inside": _predictions("inside"), "outside": _predictions("outside", seed=1)}
    cells = score(find_task("digits-ood@1"), sides)
    assert [(cell.condition, cell.measured.metric) for cell in cells] == [
        (name, metric) for name in SCORES for metric in DETECTION
    ]
    missing = {cell.condition for cell in cells if cell.measured.missing_reason}
    assert missing == {"mahalanobis", "knn"}  # nobody compared features here


def test_scores_of_features_are_read_where_they_are_kept() -> None:
    logits, labels = random_logits(N, CLASSES)
    sides = {
        side: Predictions.from_logits(ids_of(N), labels, Logits(logits), side, extra={"knn": np.full(N, score)})
        for side, score in (("inside", -0.1), ("outside", -0.9))
    }
    cells = {(c.condition, c.measured.metric): c.measured for c in score(find_task("digits-ood@1"), sides)}
    assert cells["knn", "auroc"].value == 1.0
    assert cells["mahalanobis", "auroc"].value is None
    assert "features" in (cells["mahalanobis", "auroc"].missing_reason or "")


SHIFT = ("top1", "nll", "brier", "ece15")


def test_a_shift_has_every_condition_and_their_mean() -> None:
    shift = find_task("digits-c-like@1")
    conditions = ["contrast/1", "contrast/2", "pixelate/1"]
    predictions = {condition: _predictions(condition, seed, 1.5) for seed, condition in enumerate(conditions)}
    cells = {(cell.condition, cell.measured.metric): cell.measured for cell in score(shift, predictions)}
    names = (*SHIFT, *AFTER_TEMPERATURE.values())
    assert set(cells) == {(condition, metric) for condition in ["", *conditions] for metric in names}
    for metric in names:
        expected = np.mean([cells[condition, metric].value for condition in conditions])
        assert cells["", metric].value == pytest.approx(expected, abs=1e-15)


def test_without_a_temperature_a_shift_says_so_once() -> None:
    predictions = {condition: _predictions(condition) for condition in ("contrast/1", "contrast/2")}
    cells = score(find_task("digits-c-like@1"), predictions)
    missing = [(cell.condition, cell.measured.metric) for cell in cells if cell.measured.missing_reason]
    assert missing == [("", name) for name in AFTER_TEMPERATURE.values()]


def test_a_set_without_conditions_is_itself() -> None:
    cells = score(find_task("digits-c-like@1"), {"": _predictions()})
    assert len({(cell.condition, cell.measured.metric) for cell in cells}) == len(cells)
    top1 = next(cell.measured for cell in cells if cell.measured.metric == "top1")
    assert top1.interval_method == "wilson"


def test_metrics_of_all_conditions_together_see_the_clean_images_apart() -> None:
    shift = replace(SHIFTS["digits-c-like@1"], aggregates=("mce-official-alexnet", "relative-mce-official-alexnet"))
    conditions = ["clean", *(f"{name}/{severity}" for name in ALEXNET for severity in SEVERITIES)]
    predictions = {condition: _predictions(condition, seed) for seed, condition in enumerate(conditions)}
    cells = score(shift, predictions)
    assert "clean" not in {cell.condition for cell in cells}
    errors = {name: 1 - METRICS["top1"].compute(given) for name, given in predictions.items()}
    clean = errors.pop("clean")
    values = {cell.measured.metric: cell.measured.value for cell in cells if not cell.condition}
    assert values["mce-official-alexnet"] == pytest.approx(mean_corruption_error(errors))
    assert values["relative-mce-official-alexnet"] == pytest.approx(relative_mean_corruption_error(errors, clean))


def test_clean_images_that_are_others_make_no_relative_number() -> None:
    shift = replace(SHIFTS["digits-c-like@1"], aggregates=("mce-official-alexnet", "relative-mce-official-alexnet"))
    conditions = [f"{name}/{severity}" for name in ALEXNET for severity in SEVERITIES]
    predictions = {condition: _predictions(condition, seed) for seed, condition in enumerate(conditions)}
    logits, labels = random_logits(N, CLASSES)
    others = Predictions.from_logits(tuple(f"other {i}" for i in ids_of(N)), labels, Logits(logits), "clean")
    for given in (predictions, {**predictions, "clean": others}):
        whole = {cell.measured.metric: cell.measured for cell in score(shift, given) if not cell.condition}
        assert whole["relative-mce-official-alexnet"].value is None
        assert "not predicted without corruption" in (whole["relative-mce-official-alexnet"].missing_reason or "")
        assert whole["mce-official-alexnet"].ci_low is not None
        assert whole["top1"].interval_method == "basic-bootstrap"


def test_known_images_are_drawn_once_for_all_sets_of_a_group() -> None:
    """Spread of a group's mean: against draws of whole groups, and areas by counting pairs."""
    rng = np.random.default_rng(0)
    known = rng.normal(1.0, 1.0, 60)
    unknown = {"near": rng.normal(0.0, 1.0, 90), "nearer": rng.normal(0.5, 1.0, 120)}
    auroc, seed = METRICS["auroc"], resampling_seed("group@1")
    each = [measure(auroc, Detection(known, scores, name), seed=seed) for name, scores in unknown.items()]
    found = mean_over_conditions(auroc, each, n=270)
    draws = []
    for _ in range(2000):
        inside = rng.choice(known, known.size)
        areas = [_area(inside, rng.choice(scores, scores.size)) for scores in unknown.values()]
        draws.append(np.mean(areas))
    assert found.replicates is not None
    assert found.replicates.std() == pytest.approx(np.std(draws), rel=0.08)
    apart = measure(auroc, Detection(known, unknown["nearer"], "nearer"), seed=seed + 1)
    assert each[0].replicates is not None
    assert apart.replicates is not None
    unpaired = np.mean([each[0].replicates, apart.replicates], axis=0)
    assert unpaired.std() < 0.9 * found.replicates.std()  # known images drawn apart pretend to be twice as many
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < np.mean([entry.value for entry in each if entry.value is not None]) < found.ci_high
    assert (found.n, found.interval_method) == (270, "stratified-bootstrap")


def test_sets_of_a_group_are_drawn_apart() -> None:
    """The same unknown images under two names: independent draws of them, the same draws of the known ones."""
    rng = np.random.default_rng(1)
    known, scores = np.repeat(1.0, 40), rng.normal(1.0, 1.0, 80)
    auroc = METRICS["auroc"]
    one, two = (measure(auroc, Detection(known, scores, name), seed=5).replicates for name in "ab")
    assert one is not None
    assert two is not None
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1  # equal known images: all the spread is of the unknown ones
    one, two = (measure(auroc, Detection(scores, known, name), seed=5).replicates for name in "ab")
    assert one == pytest.approx(two)


def test_the_sets_of_a_task_are_drawn_apart_by_their_names() -> None:
    known, same = _predictions("inside", 1), {name: _predictions(name, 2) for name in ("ssb-hard", "ninco")}
    cells = score(find_task("openood-near@1"), {"inside": known, **same})
    found = {cell.condition: cell.measured for cell in cells if cell.measured.metric == "auroc"}
    one, two, mean = (found[name] for name in ("energy/ssb-hard", "energy/ninco", "energy"))
    assert one.value == two.value == mean.value
    assert one.replicates is not None
    assert two.replicates is not None
    assert not np.array_equal(one.replicates, two.replicates)
    assert mean.replicates == pytest.approx((one.replicates + two.replicates) / 2)
    assert mean.n == 3 * N


def _area(inside: np.ndarray, outside: np.ndarray) -> float:
    """Of all pairs; no two scores of this test are equal."""
    return float((inside[:, None] > outside).mean())


def test_the_interval_of_a_mean_resamples_images_not_conditions() -> None:
    """Against a direct bootstrap of each image's mean over conditions: the images are the sampling unit."""
    each = [_predictions(str(seed), seed) for seed in range(3)]
    seed = resampling_seed("some@1")
    found = mean_over_conditions(TOP1, [measure(TOP1, predictions, seed=seed) for predictions in each])

    per_image = np.mean([predictions.samples.columns.correct() for predictions in each], axis=0)
    rng = np.random.default_rng(1)
    draws = np.array([per_image[rng.integers(0, N, N)].mean() for _ in range(4000)])
    assert found.replicates is not None
    assert found.replicates.std() == pytest.approx(draws.std(), rel=0.1)
    assert found.value == pytest.approx(per_image.mean(), abs=1e-15)
    assert found.value is not None
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < found.value < found.ci_high
    assert found.n == N


def test_a_mean_is_missing_as_soon_as_one_condition_is() -> None:
    good = measure(TOP1, _predictions(), seed=0)
    found = mean_over_conditions(TOP1, [good, Measured("top1", 1, missing_reason="no images")])
    assert found.value is None
    assert found.missing_reason == "a condition has no value: no images"


def test_a_mean_of_different_images_has_no_interval_and_says_why() -> None:
    logits, labels = random_logits(N - 20, CLASSES)
    other = Predictions.from_logits(ids_of(N - 20), labels, Logits(logits))
    found = mean_over_conditions(TOP1, [measure(TOP1, item, seed=0) for item in (_predictions(), other)])
    assert found.value is not None
    assert found.ci_low is None
    assert "same resampled images" in (found.no_interval_reason or "")
