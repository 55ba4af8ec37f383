"""Inputs that several metric tests share: the golden sets, remade from their recipes, and random predictions."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.logits import Logits
from benchmark.metrics import METRICS, Metric
from benchmark.metrics.corruption_error import ALEXNET, SEVERITIES, Mistakes
from benchmark.metrics.cost import Cost
from benchmark.ood import Detection
from benchmark.predictions import Predictions
from benchmark.samples import Samples, samples_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GOLDEN_FILE = Path(__file__).parents[1] / "golden" / "metrics.json"


@cache
def golden() -> dict[str, Any]:
    """Golden values by key; ``None`` where the reference raises."""
    content = json.loads(GOLDEN_FILE.read_text())
    return {key: entry["value"] for key, entry in content["golden"].items()}


@cache
def set_a() -> tuple[Floats, Ints]:
    """Golden set A: logits (2000 x 10) and labels; checked against the hashes that the file states."""
    state = np.random.RandomState(0)
    labels = state.randint(0, 10, size=2000)
    logits = state.standard_normal((2000, 10))
    logits[np.arange(2000), labels] += 2.0
    logits *= 1.7
    stated = json.loads(GOLDEN_FILE.read_text())["inputs"]["A"]
    assert hashlib.sha256(logits.tobytes()).hexdigest()[:16] == stated["z_sha256_16(float64)"]
    assert hashlib.sha256(labels.astype(np.int64).tobytes()).hexdigest()[:16] == stated["y_sha256_16(int64)"]
    return logits, labels


@cache
def set_c() -> Detection:
    """Golden set C: scores of 1,000 images inside and 800 outside."""
    state = np.random.RandomState(1)
    return Detection(state.normal(1.0, 1.0, 1000), state.normal(0.0, 1.2, 800))


def random_logits(n: int, classes: int, seed: int = 0, scale: float = 1.0) -> tuple[Floats, Ints]:
    """Logits that are right more often than chance, and labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    logits = generator.normal(size=(n, classes))
    logits[np.arange(n), labels] += 2.0
    return logits * scale, labels


def ids_of(n: int) -> list[str]:
    """Ids in the order of the images."""
    return [f"image-{index:06d}" for index in range(n)]


def random_predictions(
    n: int = 400, classes: int = 7, seed: int = 0, scale: float = 1.0, temperature: float | None = 1.3
) -> Predictions:
    """Predictions of :func:`random_logits`."""
    return predictions_of(*random_logits(n, classes, seed, scale), temperature)


def predictions_of(logits: Floats, labels: Ints | None, temperature: float | None = None) -> Predictions:
    """Predictions that every metric can be computed of: of networks that disagree a little."""
    extra = {"expected_entropy": 0.75 * samples_of(Logits(logits), None).columns.entropy}
    return Predictions.from_logits(ids_of(len(logits)), labels, Logits(logits), temperature=temperature, extra=extra)


def subject_of(metric: Metric[Any], seed: int = 0) -> Any:
    """Something that ``metric`` can measure."""
    generator = np.random.default_rng(seed)
    if metric.subject == "predictions":
        return random_predictions(seed=seed)
    if metric.subject == "detection pair":
        return Detection(generator.normal(1.0, 1.0, 300).round(2), generator.normal(0.0, 1.0, 200).round(2))
    if metric.subject == "mistakes by condition":
        return random_mistakes(seed)
    return Cost(
        bytes=1000,
        nonzeros=90,
        flops=1e4,
        flops_dense=1e5,
        latency_ms=generator.gamma(2.0, size=31),
        throughput=generator.gamma(50.0, size=31),
        peak_memory_bytes=5000,
        energy_joules=0.25,
    )


def random_mistakes(seed: int = 0, n: int = 200) -> Mistakes:
    """Mistakes that grow with the severity, and those without corruption."""
    generator = np.random.default_rng(seed)
    difficulty = generator.random(n)
    by_condition = {
        f"{name}/{severity}": (difficulty + 0.3 * generator.random(n) < 0.1 + 0.15 * severity).astype(np.float64)
        for name in ALEXNET
        for severity in SEVERITIES
    }
    return Mistakes(by_condition, (difficulty < 0.1).astype(np.float64))


def evaluate(name: str, samples: Samples) -> float:
    """A metric of samples in full precision, before they are rounded to what is stored."""
    metric: Any = METRICS[name]
    return float(metric.evaluate(samples, len(samples)))


def exact_samples(logits: Floats, labels: Ints) -> Samples:
    """Samples in float64, of networks that disagree a little."""
    samples = samples_of(Logits(logits), labels)
    return replace(samples, columns=replace(samples.columns, expected_entropy=0.75 * samples.columns.entropy))
