"""Full fine-tuning with the mask kept: every weight that is not pruned is trained, and a new head with them.

The learning rate is chosen on a part of the training images, drawn by the seed; then the network is trained once more,
on all of them, and the test images are read once. The zeros of the checkpoint are read from its weights and held
(:func:`zoo.holding.keep_sparse`); the job measures them before and after.
"""

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

import torch

from zoo.data import Augmentation
from zoo.train import rates

from ..errors import BadModelError
from ..finetune import Rate, TrainingImages, finetune
from ..holdout import held_out, rows_of
from ..inference import EVALUATION_BATCH, predict
from ..tasks import LabelledSet, Task, TransferTask
from ..validation import validation_nll
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject


@dataclass(frozen=True)
class CosineTraining:
    """SGD with Nesterov's momentum; in the ``warmup_epochs`` the rate is a rising part of the first one (1/2 and all of
    it), then it falls to 0 along half a cosine. Random crops and mirror images as torchvision draws them."""

    epochs: int = 50
    batch_size: int = 64
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov: bool = True
    warmup_epochs: int = 2

    def rate(self, first: float) -> Rate:
        """Constant within an epoch of the warm-up."""
        rising = min(self.warmup_epochs, self.epochs - 1)

        def at(epoch: float) -> float:
            if epoch < rising:
                return rates.warm_up(first, math.floor(epoch) + 1.0, float(rising))
            return rates.cosine(first, 0.0, (epoch - rising) / (self.epochs - rising))

        return at


@dataclass(frozen=True)
class FullConfig:
    """A fixed, small grid of learning rates; everything else is fixed."""

    learning_rates: tuple[float, ...] = (0.003, 0.01, 0.03)
    training: CosineTraining = CosineTraining()
    validation_fraction: float = 0.2
    evaluation_batch: int = EVALUATION_BATCH


@PROTOCOLS.register("full@2")
class FullFinetune(Protocol):
    """The seed draws the validation part, the new head and the crops, and orders the images."""

    facts = ProtocolFacts(
        name="full",
        version="2",
        kind="full",
        title="Full fine-tune",
        summary=(
            "All weights that are not pruned and a new head; SGD, 50 epochs of batches of 64, random crops and mirror "
            "images; the learning rate of 0.003, 0.01 and 0.03 with the lowest cross-entropy on a fifth of the "
            "training images of each class, drawn by the seed, then trained once more on all of them; the test images "
            "are read once. Sparsity is measured before and after."
        ),
        seeded=True,
        new_head=True,
        trains="all weights that are not pruned",
        task_kinds=("transfer",),
        source="augmentation, batch and decay as in arXiv 2111.13445; choice, schedule and grid are ours",
    )
    config_type = FullConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test images; notes hold the learning rate, the validation losses and the last curve.

        Raises :class:`BadModelError` if training diverges at every learning rate.
        """
        data, config, model = cast("TransferTask", task).data, self.config, subject.model
        batch_size = max(1, config.evaluation_batch // batch_divisor)
        pool = data.trainable()
        part = held_out(pool, config.validation_fraction, seed)
        train, validation = rows_of(pool, part.train), rows_of(pool, part.validation)
        start = deepcopy(model.state_dict())

        def trained(images: LabelledSet, rate: float) -> list[float]:
            model.load_state_dict(start)
            augmented = TrainingImages.of(images.images, subject.preprocessing, Augmentation(), seed)
            return finetune(model, augmented, torch.tensor(images.labels), config.training, rate, seed, batch_divisor)

        losses: list[float] = []
        for rate in config.learning_rates:
            trained(train, rate)
            losses.append(validation_nll(model, validation, subject.preprocessing, batch_size))
        if math.isinf(min(losses)):
            raise BadModelError(f"Fine-tuning on {task.id} diverges at every learning rate {config.learning_rates}.")
        chosen = config.learning_rates[losses.index(min(losses))]
        curve = trained(pool, chosen)
        logits = {
            condition: predict(model, images.images, subject.preprocessing, batch_size)
            for condition, images in task.image_sets().items()
        }
        return Evaluation(
            logits,
            notes={
                "learning_rate": chosen,
                "validation_nll": [None if math.isinf(loss) else loss for loss in losses],
                "training_nll": curve,
                "validation": part.note(config.validation_fraction),
            },
            documents={"validation": part.document(seed, config.validation_fraction)},
        )
