"""The golden sets of tests/golden/metrics.json, and ours by every road that a golden value asks for."""

import json
from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
from metric_inputs import GOLDEN_FILE, Floats, evaluate, exact_samples, set_a, set_c

from benchmark.diagnostics.fourier import Part, blended
from benchmark.logits import Logits
from benchmark.metrics import METRICS
from benchmark.metrics._bins import right_closed_bins
from benchmark.metrics._metric import Statistic
from benchmark.metrics.calibration_error import BinOf, Norm, binned_error, l1
from benchmark.metrics.equal_mass import debiased_squares
from benchmark.samples import Samples
from benchmark.temperature import fit_temperature
from registry.effective_robustness import effective_robustness, stored_fit

Ours = Callable[[], Any]
SWAPPED_NAMES = {"imagenet-v2-mf": "imagenet-v2-matched-frequency"}

# Top-1 in percent of two models of modestyachts/imagenet-testbed @0170eec, robustness_top1s.csv: (without, with shift).
TESTBED = {
    "resnet50": {
        "imagenet-v2-mf": (76.1300048828125, 63.209999084472656),
        "imagenet-sketch": (76.1300048828125, 24.091651916503906),
        "imagenet-r": (92.1199951171875, 36.173336029052734),
        "objectnet": (78.86400604248047, 35.75132332289079),
    },
    "resnet50_augmix": {
        "imagenet-v2-mf": (77.53800201416016, 65.11000061035156),
        "imagenet-sketch": (77.53800201416016, 28.479633331298828),
        "imagenet-r": (92.86000061035156, 41.040000915527344),
        "objectnet": (80.04800415039062, 36.36707356595009),
    },
}


@cache
def inputs() -> dict[str, Any]:
    """The inputs that the file of golden values states."""
    stated: dict[str, Any] = json.loads(GOLDEN_FILE.read_text())["inputs"]
    return stated


def value_of(statistic: Statistic, n: int) -> float:
    return float(statistic(np.ones((1, n)))[0])


@cache
def a() -> Samples:
    return exact_samples(*set_a())


def top_label() -> tuple[Floats, Floats]:
    return a().columns.confidence(), a().columns.correct()


@cache
def b() -> tuple[Floats, Floats]:
    return np.array(inputs()["B"]["conf"]), np.array(inputs()["B"]["correct"])


@cache
def b2() -> Samples:
    logits, labels = set_a()
    return exact_samples((logits * 8).astype(np.float32).astype(np.float64), labels)


def metric(name: str, samples: Callable[[], Samples] = a) -> Ours:
    return lambda: evaluate(name, samples())


def detection(name: str) -> Ours:
    return lambda: METRICS[name].compute(set_c())


def binned(bins: int, norm: Norm = l1, bin_of: BinOf = right_closed_bins) -> Ours:
    return lambda: value_of(binned_error(*top_label(), bins, norm, bin_of), 2000)


def edges(bin_of: BinOf = right_closed_bins) -> Ours:
    return lambda: value_of(binned_error(*b(), 5, l1, bin_of), 14)


def one_against_rest(statistic: Callable[[Floats, Floats], float]) -> list[float]:
    probabilities, labels = a().probabilities().values, a().columns.labels
    return [statistic(np.ascontiguousarray(probabilities[:, k]), (labels == k).astype(np.float64)) for k in range(10)]


def classwise(bin_of: BinOf) -> Ours:
    return lambda: np.mean(one_against_rest(lambda p, y: value_of(binned_error(p, y, 15, l1, bin_of), 2000)))


def plug_in() -> float:
    return sqrt(value_of(debiased_squares(*top_label(), debias=False), 2000))


def debiased_marginal() -> float:
    # The reference clips each class at 0 before it averages the squares.
    return sqrt(np.mean(one_against_rest(lambda p, y: max(0.0, value_of(debiased_squares(p, y), 2000)))))


def temperature() -> float:
    logits, labels = set_a()
    return fit_temperature(Logits(logits[:1000]), labels[:1000]).temperature


@cache
def after_scaling(name: str, scaled: bool) -> float:
    logits, labels = set_a()
    samples = exact_samples(logits[1000:], labels[1000:])
    return evaluate(name, samples.at_temperature(temperature()) if scaled else samples)


def corruption_errors(model: str) -> dict[str, float]:
    """The mean errors of set D, each severity with the mean: mCE knows sums over severities only."""
    stated = inputs()["D"]["mean_error_per_corruption"][model]
    return {f"{name}/{severity}": error for name, error in stated.items() for severity in range(1, 6)}


def exceeds_testbed(shift: str, model: str) -> float:
    """Effective robustness in percentage points."""
    accuracy, shifted = (value / 100 for value in TESTBED[model][shift])
    line = stored_fit(SWAPPED_NAMES.get(shift, shift), "logit").line_at(accuracy)
    return 100 * effective_robustness(accuracy, shifted, line).value


@cache
def fourier_images() -> tuple[Floats, Floats, Floats]:
    """Set F: two images and the probabilities of a path."""
    state = np.random.RandomState(2)
    one, other = state.standard_normal((32, 32, 3)), state.standard_normal((32, 32, 3))
    walk = 3 * state.standard_normal((100, 10)).cumsum(0) / 10
    weights = np.exp(walk - walk.max(axis=1, keepdims=True))
    return one, other, weights / weights.sum(axis=1, keepdims=True)


def blend(part: Part, share: float) -> Ours:
    def facts() -> dict[str, float]:
        one, other, _ = fourier_images()
        image = blended(one, other, share, part)
        return {
            "mean": float(image.mean()),
            "l2_from_a": float(np.linalg.norm(image - one)),
            "pix[3,5,1]": float(image[3, 5, 1]),
        }

    return facts


def accuracies() -> Floats:
    """Set G, models by tasks."""
    return np.array(inputs()["G"]["acc[model][task]"])
