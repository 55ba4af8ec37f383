"""The linear probe of "How Well Do Sparse ImageNet Models Transfer?" (arXiv 2111.13445), step by step.

After ``finetune_pre_extracted_features.py`` of IST-DASLab/sparse-imagenet-transfer: stochastic gradient descent on
features that are extracted once, nothing chosen on held-out images, the last epoch reported. Its learning rate falls
one epoch later than its configuration reads: a step at the end of every epoch whose index is 50 or 100 makes 51, 50 and
49 epochs.
"""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from zoo.train import stream_seed
from zoo.train.rates import steps

from ..features import features_of
from ..inference import EVALUATION_BATCH
from ..logits import Logits
from ..tasks import Task, TransferTask
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject


@dataclass(frozen=True)
class LinearReferenceConfig:
    """SGD without Nesterov's momentum; the rate is multiplied by ``decay`` when so many epochs are over."""

    epochs: int = 150
    training_batch: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    decay: float = 0.1
    milestones: tuple[float, ...] = (51.0, 101.0)
    batch_size: int = EVALUATION_BATCH


@PROTOCOLS.register("linear-reference@1")
class LinearReference(Protocol):
    """The seed draws the head and orders the images."""

    facts = ProtocolFacts(
        name="linear-reference",
        version="1",
        kind="linear",
        title="Linear probe as in Iofinova et al. 2022",
        summary=(
            "Frozen network, no augmentation; a linear layer on the raw features by SGD: 150 epochs of batches of 64, "
            "learning rate 0.01 divided by 10 after 51 and 101 epochs, momentum 0.9, weight decay 5e-4; all training "
            "images, nothing is chosen, the last epoch is reported."
        ),
        seeded=True,
        new_head=False,
        trains="a new head",
        task_kinds=("transfer",),
        source="arXiv 2111.13445; IST-DASLab/sparse-imagenet-transfer @3e4f5dc, finetune_pre_extracted_features.py",
        features=True,
    )
    config_type = LinearReferenceConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test images; notes hold the training loss of the last epoch."""
        data = cast("TransferTask", task).data
        batch_size = max(1, self.config.batch_size // batch_divisor)
        pool = data.trainable()
        features = features_of(subject, pool.images, pool.ids, batch_size)
        weight, bias, loss = train_head(features, torch.tensor(pool.labels), len(data.class_names), self.config, seed)
        logits = {
            condition: Logits((features_of(subject, images.images, images.ids, batch_size) @ weight.T + bias).numpy())
            for condition, images in task.image_sets().items()
        }
        return Evaluation(logits, notes={"training_nll": loss})


def train_head(
    features: Float32[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    classes: int,
    config: LinearReferenceConfig,
    seed: int,
) -> tuple[Float32[Tensor, "k d"], Float32[Tensor, " k"], float]:
    """Weights, biases and the mean cross-entropy (nats) of the last epoch while it was trained on.

    The gradient of the mean cross-entropy is written out: of a linear layer it takes two products.
    """
    generator = torch.Generator().manual_seed(stream_seed(seed, "linear reference"))
    bound = features.shape[1] ** -0.5
    # torch's own beginning of a linear layer; the last column is the bias.
    head = torch.empty(classes, features.shape[1] + 1).uniform_(-bound, bound, generator=generator)
    velocity, loss = torch.zeros_like(head), torch.zeros((), dtype=torch.float64)
    rows = torch.cat([features, torch.ones(len(features), 1)], dim=1)
    for epoch in range(config.epochs):
        rate = steps(config.learning_rate, config.decay, config.milestones, float(epoch))
        loss.zero_()
        for batch in torch.split(torch.randperm(len(rows), generator=generator), config.training_batch):
            x, y = rows[batch], labels[batch][:, None]
            logs = torch.log_softmax(x @ head.T, dim=1)
            loss -= logs.gather(1, y).sum()
            error = logs.exp_().scatter_add_(1, y, torch.full_like(y, -1.0, dtype=logs.dtype))
            gradient = (error.T @ x).div_(len(batch)).add_(head, alpha=config.weight_decay)
            velocity.mul_(config.momentum).add_(gradient)
            head.sub_(velocity, alpha=rate)
    return head[:, :-1], head[:, -1], float(loss / len(rows))
