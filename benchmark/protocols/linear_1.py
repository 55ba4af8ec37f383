"""A linear probe, the first version: the demo keeps it. The network is frozen, a multinomial logistic regression is
solved on its features.

Features are extracted once, in evaluation mode, without augmentation. The L2 penalty comes from a path of solved
problems, judged on the validation split; then one problem is solved on training and validation images together, and
the test split is read once (Kornblith et al. 2019, arXiv 1805.08974, appendix A.4).
"""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float64

from zoo.data import Images

from .. import probe
from ..inference import EVALUATION_BATCH, extract
from ..logits import Logits
from ..tasks import Task, TransferTask
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject


@dataclass(frozen=True)
class FirstLinearConfig:
    """``penalties`` multiply half the squared weights, beside the mean cross-entropy; from strong to weak."""

    penalties: tuple[float, ...] = (1.0, 0.316, 0.1, 0.0316, 0.01, 0.00316, 0.001, 0.000316, 0.0001)
    batch_size: int = EVALUATION_BATCH


@PROTOCOLS.register("linear@1")
class FirstLinearProbe(Protocol):
    """Convex, so there is no seed."""

    facts = ProtocolFacts(
        name="linear",
        version="1",
        kind="linear",
        title="Linear probe",
        summary=(
            "Frozen network; multinomial logistic regression on standardised features, solved to convergence; the "
            "L2 penalty with the lowest validation cross-entropy, then refitted on training and validation images."
        ),
        seeded=False,
        new_head=False,
        trains="a new head",
        task_kinds=("transfer",),
        source="Kornblith et al. 2019 (arXiv 1805.08974), appendix A.4",
    )
    config_type = FirstLinearConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:  # noqa: ARG002
        """Logits of the test split; notes hold the penalty and the validation cross-entropy of the whole path."""
        data = cast("TransferTask", task).data
        batch_size = max(1, self.config.batch_size // batch_divisor)

        def features_of(images: Images) -> Float64[torch.Tensor, "n d"]:
            return extract(subject.model, subject.classifier, images, subject.preprocessing, batch_size)

        sets = {name: data.split(name) for name in ("train", "validation")}
        features = {name: features_of(images.images) for name, images in sets.items()}
        labels = {name: torch.tensor(images.labels) for name, images in sets.items()}
        classes = len(data.class_names)

        scaler = probe.standardiser(features["train"])
        train, validation = (scaler.apply(features[name]) for name in ("train", "validation"))
        heads = list(probe.path(train, labels["train"], classes, self.config.penalties))
        losses = [float(probe.objective(head, validation, labels["validation"], penalty=0.0)) for head in heads]
        best = min(range(len(losses)), key=losses.__getitem__)

        both = torch.cat([features["train"], features["validation"]])
        scaler = probe.standardiser(both)
        head = probe.fit(
            scaler.apply(both), torch.cat(list(labels.values())), classes, self.config.penalties[best], heads[best]
        )
        logits = {
            condition: Logits(head.logits(scaler.apply(features_of(images.images))).numpy())
            for condition, images in task.image_sets().items()
        }
        return Evaluation(logits, notes={"penalty": self.config.penalties[best], "validation_nll": losses})
