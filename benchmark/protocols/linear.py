"""A linear probe: the network is frozen, a multinomial logistic regression is solved on its features.

The penalty is chosen on a part of the training images, drawn by the seed; then one problem is solved on all of them,
and the test images are read once (Kornblith et al. 2019, arXiv 1805.08974, appendix A.4, choose and refit alike).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from .. import probe
from ..features import features_of
from ..holdout import held_out
from ..inference import EVALUATION_BATCH
from ..logistic import Solution
from ..logits import Logits
from ..tasks import Task, TransferTask
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject

_HALF_DECADES = tuple(float(f"{10 ** (-step / 2):.3g}") for step in range(13))


@dataclass(frozen=True)
class LinearConfig:
    """``penalties`` multiply half the squared weights, beside the mean cross-entropy; from strong to weak.

    The path ends after ``patience`` penalties in a row that are worse on the validation part than the one before.
    """

    penalties: tuple[float, ...] = _HALF_DECADES
    patience: int = 2
    validation_fraction: float = 0.2
    batch_size: int = EVALUATION_BATCH


@PROTOCOLS.register("linear@2")
class LinearProbe(Protocol):
    """The seed draws the validation part."""

    facts = ProtocolFacts(
        name="linear",
        version="2",
        kind="linear",
        title="Linear probe",
        summary=(
            "Frozen network, no augmentation; multinomial logistic regression on standardised features, solved to a "
            "certified duality gap; the L2 penalty with the lowest cross-entropy on a fifth of the training images of "
            "each class, drawn by the seed, then refitted on all training images; the test images are read once."
        ),
        seeded=True,
        new_head=False,
        trains="a new head",
        task_kinds=("transfer",),
        source="Kornblith et al. 2019 (arXiv 1805.08974), appendix A.4; solver and grid are ours",
        features=True,
    )
    config_type = LinearConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test images; notes hold the penalty, the validation losses and the duality gap."""
        data, config = cast("TransferTask", task).data, self.config
        batch_size = max(1, config.batch_size // batch_divisor)
        pool, classes = data.trainable(), len(data.class_names)
        features, labels = features_of(subject, pool.images, pool.ids, batch_size), torch.tensor(pool.labels)
        part = held_out(pool, config.validation_fraction, seed)

        train, validation = torch.from_numpy(part.train), torch.from_numpy(part.validation)
        scaler = probe.standardiser(features[train])
        heads = probe.path(scaler.apply(features[train]), labels[train], classes, config.penalties)
        losses, best = _chosen(heads, scaler.apply(features[validation]), labels[validation], config.patience)
        penalty = config.penalties[losses.index(min(losses))]

        scaler = probe.standardiser(features)
        head = probe.fit(scaler.apply(features), labels, classes, penalty, best)
        logits = {
            condition: Logits(
                head.logits(scaler.apply(features_of(subject, images.images, images.ids, batch_size))).numpy()
            )
            for condition, images in task.image_sets().items()
        }
        return Evaluation(
            logits,
            notes={
                "penalty": penalty,
                "validation_nll": losses,
                "relative_gap": head.gap / head.objective,
                "validation": part.note(config.validation_fraction),
            },
            documents={"validation": part.document(seed, config.validation_fraction)},
        )


def _chosen(
    heads: Iterable[Solution], features: Float64[Tensor, "n d"], labels: Int64[Tensor, " n"], patience: int
) -> tuple[list[float], Solution]:
    """The validation losses of the path as far as it was walked, and the head of the smallest."""
    losses: list[float] = []
    best: Solution | None = None
    for head in heads:
        losses.append(float(probe.objective(head, features, labels, penalty=0.0)))
        if best is None or losses[-1] < min(losses[:-1]):
            best = head
        worse = [later > earlier for earlier, later in pairwise(losses)]
        if len(worse) >= patience and all(worse[-patience:]):
            break
    if best is None:
        raise ValueError("a path has at least one penalty")
    return losses, best
