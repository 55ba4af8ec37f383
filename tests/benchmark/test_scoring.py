"""Which numbers a task gets, and means over conditions."""

import numpy as np
import pytest
from metric_inputs import ids_of, random_logits

from benchmark.logits import Logits
from benchmark.metrics import METRICS, Measured, measure, resampling_seed
from benchmark.predictions import Predictions
from benchmark.scoring import AFTER_TEMPERATURE, CLASSIFICATION, DETECTION, mean_over_conditions, score
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
    assert [cell.measured.metric for cell in cells] == [*CLASSIFICATION, *AFTER_TEMPERATURE]
    values = {cell.measured.metric: cell.measured.value for cell in cells}
    assert values["nll"] != values["nll-ts"]
    assert all(cell.condition == "" for cell in cells)


def test_without_a_temperature_the_numbers_after_it_are_missing_with_a_reason() -> None:
    cells = score(find_task("digits-0-4@1"), {"": _predictions(), "validation": _predictions(seed=1)})
    missing = {cell.measured.metric for cell in cells if cell.measured.missing_reason}
    assert missing == set(AFTER_TEMPERATURE)
    assert all((cell.measured.value is None) == bool(cell.measured.missing_reason) for cell in cells)


def test_detection_is_scored_for_each_score() -> None:
    sides = {"inside": _predictions("inside"), "outside": _predictions("outside", seed=1)}
    cells = score(find_task("digits-ood@1"), sides)
    assert [(cell.condition, cell.measured.metric) for cell in cells] == [
        (name, metric) for name in ("msp", "energy") for metric in DETECTION
    ]


def test_a_shift_has_every_condition_and_their_mean() -> None:
    shift = find_task("digits-c-like@1")
    conditions = ["contrast/1", "contrast/2", "pixelate/1"]
    predictions = {condition: _predictions(condition, seed) for seed, condition in enumerate(conditions)}
    cells = {(cell.condition, cell.measured.metric): cell.measured for cell in score(shift, predictions)}
    assert set(cells) == {(condition, metric) for condition in ["", *conditions] for metric in ("top1", "nll")}
    for metric in ("top1", "nll"):
        expected = np.mean([cells[condition, metric].value for condition in conditions])
        assert cells["", metric].value == pytest.approx(expected, abs=1e-15)


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
