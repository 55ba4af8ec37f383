"""What a trained network answers on the test images, and whether it differs from its dense parent on the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from registry.statistics import mcnemar, paired_bootstrap_difference
from zoo.checkpoint.config import Preprocessing

from ..inference import EVALUATION_BATCH, predict
from ..metrics import METRICS, Measured, measure, resampling_seed
from ..predictions import Predictions
from .splitting import OwnImages

SHOWN = ("top1", "mean-per-class", "nll", "brier", "ece15")


@dataclass(frozen=True)
class Judged:
    """A network's predictions of the test images and the numbers that follow from them, by metric."""

    predictions: Predictions
    numbers: Mapping[str, Measured]

    def document(self) -> dict[str, Any]:
        """JSON types: each number with its 95 % interval."""
        return {
            f"{one.metric}@{one.version}": {
                "value": one.value,
                "low": one.ci_low,
                "high": one.ci_high,
                "n": one.n,
                "interval": one.interval_method,
                "missing_reason": one.missing_reason,
            }
            for one in self.numbers.values()
        }


def answer(model: nn.Module, images: OwnImages, preprocessing: Preprocessing) -> Predictions:
    """The predictions of the test split."""
    split = images.splits["test"]
    logits = predict(model, split.images, preprocessing, EVALUATION_BATCH)
    return Predictions.from_logits(tuple(split.ids), split.labels, logits)


def judge(predictions: Predictions, images: OwnImages) -> Judged:
    """The numbers of one network; resampling is seeded by the images, so that networks pair up."""
    seed = resampling_seed(images.sha256)
    return Judged(predictions, {name: measure(METRICS[name], predictions, seed=seed) for name in SHOWN})


def difference(model: Judged, parent: Judged) -> dict[str, Any]:
    """Model minus dense parent on the same images, with 95 % paired bootstrap intervals and McNemar's test; JSON types.

    ``verdict`` is of top-1 accuracy: "better", "worse" or "cannot be told apart".
    """
    changes = {}
    for name, mine in model.numbers.items():
        theirs = parent.numbers[name]
        if mine.value is None or theirs.value is None or mine.replicates is None or theirs.replicates is None:
            continue
        low, high = paired_bootstrap_difference(mine.value, theirs.value, mine.replicates, theirs.replicates)
        changes[f"{mine.metric}@{mine.version}"] = {"value": mine.value - theirs.value, "low": low, "high": high}
    right, parents_right = (one.predictions.samples.columns.correct() for one in (model, parent))
    top1 = changes["top1@1"]
    told_apart = top1["low"] > 0 or top1["high"] < 0
    verdict = ("better" if top1["value"] > 0 else "worse") if told_apart else "cannot be told apart"
    return {"changes": changes, "mcnemar": mcnemar(right, parents_right)._asdict(), "verdict": verdict}
