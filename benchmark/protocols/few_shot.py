"""A few images of each class: a logistic regression on normalised features of a frozen network.

Tian et al. 2020 (arXiv 2003.11539) found that this is as good as learning to learn. The seed is the draw: report
several. A draw of five images of each class contains that of one, and both are the same for every checkpoint.
"""

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch.nn.functional import normalize

from .. import probe
from ..features import features_of
from ..inference import EVALUATION_BATCH
from ..logits import Logits
from ..tasks import Task, TransferTask
from ..tasks._manifest import first_of_each_class
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject


@dataclass(frozen=True)
class FewShotConfig:
    """``inverse_penalty`` is scikit-learn's C: of n images the penalty is 1 / (n C)."""

    inverse_penalty: float = 1.0
    batch_size: int = EVALUATION_BATCH


class FewShot(Protocol):
    """The seed draws the images."""

    shots: ClassVar[int]
    config_type = FewShotConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test images; notes say how many images were drawn. A class with fewer gives what it has."""
        data, config = cast("TransferTask", task).data, self.config
        batch_size = max(1, config.batch_size // batch_divisor)
        pool = data.trainable()
        drawn = first_of_each_class([f"{seed}|{image_id}" for image_id in pool.ids], pool.labels.tolist(), self.shots)
        features = features_of(subject, pool.images, pool.ids, batch_size)[drawn].double()
        labels, penalty = torch.tensor(pool.labels)[drawn], 1.0 / (len(drawn) * config.inverse_penalty)
        head = probe.fit(normalize(features), labels, len(data.class_names), penalty)
        logits = {
            condition: Logits(
                head.logits(normalize(features_of(subject, images.images, images.ids, batch_size).double())).numpy()
            )
            for condition, images in task.image_sets().items()
        }
        return Evaluation(
            logits,
            notes={"images": len(drawn), "relative_gap": head.gap / head.objective},
            documents={"drawn": {"seed": seed, "shots": self.shots, "ids": [pool.ids[row] for row in drawn]}},
        )


def _enter(shots: int) -> None:
    facts = ProtocolFacts(
        name=f"few-shot-{shots}",
        version="1",
        kind="linear",
        title=f"{shots} {'image' if shots == 1 else 'images'} of each class",
        summary=(
            f"Frozen network, no augmentation; multinomial logistic regression (C = 1) on features of unit length, of "
            f"{shots} training images of each class that the seed draws; draws of more images contain those of fewer."
        ),
        seeded=True,
        new_head=False,
        trains="a new head",
        task_kinds=("transfer",),
        source="Tian et al. 2020 (arXiv 2003.11539), without distillation",
        features=True,
    )
    PROTOCOLS.register(facts.id)(type(f"FewShot{shots}", (FewShot,), {"facts": facts, "shots": shots}))


for _shots in (1, 5, 10):
    _enter(_shots)
