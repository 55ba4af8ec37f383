"""Nearest neighbours among the training images, by the cosine of features of a frozen network: nothing is trained.

With weights exp(cosine / 0.07) as Wu et al. 2018 (arXiv 1805.01978, section 3.4) and after them the literature on
features without labels; and plain, one vote each. How many vote is chosen by leaving each training image out once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torch.nn.functional import normalize

from ..features import features_of
from ..inference import EVALUATION_BATCH
from ..logits import Logits
from ..tasks import Task, TransferTask
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject

_AT_A_TIME = 1024


@dataclass(frozen=True)
class KnnConfig:
    """``neighbours`` are tried, as far as there are so many; ``temperature`` divides the cosine of a vote's weight."""

    neighbours: tuple[int, ...] = (1, 5, 10, 20, 50, 100, 200)
    temperature: float = 0.07
    batch_size: int = EVALUATION_BATCH


class NearestNeighbours(Protocol):
    """Without a seed. Among equal votes the first class wins; among equal choices the fewest neighbours."""

    weighted: ClassVar[bool]
    config_type = KnnConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:  # noqa: ARG002
        """Logits are logarithms of shares of the votes; notes hold the accuracy of each number of neighbours."""
        data, config = cast("TransferTask", task).data, self.config
        batch_size = max(1, config.batch_size // batch_divisor)
        pool, classes = data.trainable(), len(data.class_names)
        features = normalize(features_of(subject, pool.images, pool.ids, batch_size).double())
        labels = torch.tensor(pool.labels)
        temperature = config.temperature if self.weighted else None
        grid = sorted({min(count, len(labels) - 1) for count in config.neighbours})
        right = dict.fromkeys(grid, 0)
        for rows, near, cosines in neighbours(features, features, grid[-1], leave_one_out=True):
            for count in grid:
                found = votes(labels[near[:, :count]], cosines[:, :count], classes, temperature)
                right[count] += int((found.argmax(dim=1) == labels[rows]).sum())
        best = max(grid, key=lambda count: (right[count], -count))

        def answers(own: Float64[Tensor, "m d"]) -> Iterator[Tensor]:
            for _, near, cosines in neighbours(own, features, best):
                yield votes(labels[near], cosines, classes, temperature).log()

        logits = {
            condition: Logits(
                torch.cat(
                    list(answers(normalize(features_of(subject, images.images, images.ids, batch_size).double())))
                ).numpy()
            )
            for condition, images in task.image_sets().items()
        }
        accuracy = {str(count): value / len(labels) for count, value in right.items()}
        return Evaluation(logits, notes={"neighbours": best, "left_out_accuracy": accuracy})


def neighbours(
    rows: Float64[Tensor, "m d"], among: Float64[Tensor, "n d"], count: int, *, leave_one_out: bool = False
) -> Iterator[tuple[Int64[Tensor, " b"], Int64[Tensor, "b c"], Float64[Tensor, "b c"]]]:
    """For rows of unit length, some at a time: which they are, their nearest ``among`` the others, and the cosines.

    With ``leave_one_out`` the i-th row is the i-th of the others, and no neighbour of itself.
    """
    for chunk in torch.split(torch.arange(len(rows)), _AT_A_TIME):
        cosines = rows[chunk] @ among.T
        if leave_one_out:
            cosines[torch.arange(len(chunk)), chunk] = -torch.inf
        nearest = cosines.topk(count, dim=1)
        yield chunk, nearest.indices, nearest.values


def votes(
    labels: Int64[Tensor, "b c"], cosines: Float64[Tensor, "b c"], classes: int, temperature: float | None
) -> Float64[Tensor, "b k"]:
    """Shares of the votes, each class having a part of one vote that is spread over all of them.

    A vote weighs 1, or with a temperature the exponential of how much less near it is than the nearest.
    """
    weights = torch.ones_like(cosines)
    if temperature is not None:
        weights = ((cosines - cosines.max(dim=1, keepdim=True).values) / temperature).exp()
    found = weights.new_full((len(labels), classes), 1.0 / classes).scatter_add_(1, labels, weights)
    return found / found.sum(dim=1, keepdim=True)


def _enter(name: str, title: str, how: str, *, weighted: bool) -> None:
    facts = ProtocolFacts(
        name=name,
        version="1",
        kind="linear",
        title=title,
        summary=(
            "Frozen network, no augmentation; the classes of the nearest training images by the cosine of their "
            f"features, {how}; 1, 5, 10, 20, 50, 100 or 200 of them, whichever classifies most training images that "
            "are left out."
        ),
        seeded=False,
        new_head=False,
        trains="nothing",
        task_kinds=("transfer",),
        source="Wu et al. 2018 (arXiv 1805.01978), section 3.4; the choice of the number is ours",
        features=True,
    )
    PROTOCOLS.register(facts.id)(
        type(title.replace(" ", ""), (NearestNeighbours,), {"facts": facts, "weighted": weighted})
    )


_enter("knn", "Weighted nearest neighbours", "weighted by exp(cosine / 0.07)", weighted=True)
_enter("knn-plain", "Nearest neighbours", "one vote each", weighted=False)
