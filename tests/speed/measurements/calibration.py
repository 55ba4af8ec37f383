"""Likelihood and calibration metrics from logits of a thousand classes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot
from torchmetrics.functional.classification import multiclass_calibration_error

from benchmark.columns import columns_of
from benchmark.logits import Logits
from benchmark.metrics import METRICS
from benchmark.metrics._metric import SampleMetric
from benchmark.samples import Samples

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

IMAGES, CLASSES, BINS = 50_000, 1000, 15
NAMES = ("nll", "brier", "ece15", "top1", "top5")
ECE_ALONE, NAIVE = "torchmetrics: ECE alone", "plain torch: the same five"


def all_of_ours(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    samples = Samples(columns_of(Logits(logits).values, labels), logits.shape[1])
    values = {}
    for name in NAMES:
        metric = METRICS[name]
        if not isinstance(metric, SampleMetric):
            raise TypeError(f"{name} is no metric of samples")
        values[name] = metric.evaluate(samples, len(samples))
    return values


def plain_torch(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Each metric from its definition, in whole-array float32 operations."""
    probabilities = logits.softmax(-1)
    confidence, predicted = probabilities.max(-1)
    correct = (predicted == labels).float()
    bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    gaps = torch.zeros(BINS).index_add(0, bins, confidence - correct)
    five = logits.topk(5).indices
    return {
        "nll": float(cross_entropy(logits, labels)),
        "brier": float((probabilities - one_hot(labels, CLASSES)).square().sum(-1).mean()),
        "ece15": float(gaps.abs().sum() / len(labels)),
        "top1": float(correct.mean()),
        "top5": float((five == labels[:, None]).any(-1).float().mean()),
    }


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, CLASSES, IMAGES)
    logits = 2 * generator.standard_normal((IMAGES, CLASSES), dtype=np.float32)
    logits[np.arange(IMAGES), labels] += 7
    x, y = torch.from_numpy(logits), torch.from_numpy(labels)
    yield Contest(
        Side(lambda: all_of_ours(logits, labels)),
        {
            ECE_ALONE: Side(lambda: {"ece15": float(multiclass_calibration_error(x, y, CLASSES, n_bins=BINS))}),
            NAIVE: Side(lambda: plain_torch(x, y)),
        },
        agree,
    )


def agree(answers: Mapping[str, Any]) -> None:
    for name in (ECE_ALONE, NAIVE):
        for metric, value in answers[name].items():
            if not abs(value - answers[OURS][metric]) < 1e-4:
                raise DisagreementError(f"{name}: {metric} is {value}, ours {answers[OURS][metric]}")


MEASUREMENTS.register("calibration")(
    Measurement(
        title="NLL, Brier, ECE, top-1, top-5",
        ours="benchmark.columns.columns_of + benchmark.metrics",
        against={ECE_ALONE: "peer", NAIVE: "peer"},
        compared=f"{IMAGES:,} × {CLASSES} float32 logits in memory to values without intervals. Ours is one pass in "
        "one thread, in chunks that stay in the cache; it checks for NaN, and also makes the columns (ranks with ties, "
        "entropy, normaliser) that are stored, from which every other metric is computed. torchmetrics computes one of "
        "the five numbers, with all threads.",
        unit=f"{IMAGES:,} × {CLASSES} logits",
        repeats=3,
        prepare=prepare,
    )
)
