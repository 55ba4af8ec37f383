"""Full fine-tuning, the first version: small images, no augmentation, a short schedule; the digits of the demo keep it.

The mask is kept: every weight that is not pruned is trained, a new head with them.

The reference protocol of the field applies the checkpoint's mask buffers after each step; a plain state dict has none,
and loses its whole sparsity in two steps without a warning. Here zeros are read from the weights and held
(:func:`zoo.holding.keep_sparse`), and the job measures them before and after.
"""

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

import torch

from ..errors import BadModelError
from ..finetune import FinetuneConfig, TrainingImages, finetune
from ..inference import EVALUATION_BATCH, predict
from ..tasks import Task, TransferTask
from ..validation import validation_nll
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject

TRAINING = FinetuneConfig(epochs=8, batch_size=32, momentum=0.9, weight_decay=5e-4)


@dataclass(frozen=True)
class FirstFullConfig:
    """A fixed, small grid of learning rates; everything else is fixed."""

    learning_rates: tuple[float, ...] = (0.02, 0.1)
    training: FinetuneConfig = TRAINING
    evaluation_batch: int = EVALUATION_BATCH


@PROTOCOLS.register("full@1")
class FirstFullFinetune(Protocol):
    """The seed orders the images and draws the new head."""

    facts = ProtocolFacts(
        name="full",
        version="1",
        kind="full",
        title="Full fine-tune",
        summary=(
            "All weights that are not pruned and a new head; SGD, cosine schedule, no augmentation; the learning rate "
            "with the lowest validation cross-entropy at the end of training. Sparsity is measured before and after."
        ),
        seeded=True,
        new_head=True,
        trains="all weights that are not pruned",
        task_kinds=("transfer",),
        source="the mask is kept as in arXiv 2111.13445; the schedule is ours",
    )
    config_type = FirstFullConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test split; notes hold the learning rate, the validation losses and the chosen curve.

        Raises :class:`BadModelError` if training diverges at every learning rate.
        """
        data = cast("TransferTask", task).data
        model, batch_size = subject.model, max(1, self.config.evaluation_batch // batch_divisor)
        train, validation = data.split("train"), data.split("validation")
        images, labels = TrainingImages.of(train.images, subject.preprocessing), torch.tensor(train.labels)

        start = deepcopy(model.state_dict())
        best, chosen = start, math.inf
        losses: list[float] = []
        curves: list[list[float]] = []
        for rate in self.config.learning_rates:
            model.load_state_dict(start)
            curves.append(finetune(model, images, labels, self.config.training, rate, seed, batch_divisor))
            losses.append(validation_nll(model, validation, subject.preprocessing, batch_size))
            if losses[-1] < chosen:
                chosen, best = losses[-1], deepcopy(model.state_dict())
        if math.isinf(chosen):
            raise BadModelError(
                f"Fine-tuning on {task.id} diverges at every learning rate {self.config.learning_rates}."
            )
        model.load_state_dict(best)

        logits = {
            condition: predict(model, images.images, subject.preprocessing, batch_size)
            for condition, images in task.image_sets().items()
        }
        index = losses.index(chosen)
        return Evaluation(
            logits,
            notes={
                "learning_rate": self.config.learning_rates[index],
                "validation_nll": [None if math.isinf(loss) else loss for loss in losses],
                "training_nll": curves[index],
            },
        )
