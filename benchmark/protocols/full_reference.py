"""Full fine-tuning as in "How Well Do Sparse ImageNet Models Transfer?" (arXiv 2111.13445), its masks kept.

After ``main.py`` of IST-DASLab/sparse-imagenet-transfer with its full-network scripts: nothing chosen on held-out
images, the last epoch reported, images normalised by each data set's own statistics, a learning rate ten times larger
for two of the tasks, and the schedule that falls one epoch later than its configuration reads. Their STR networks got a
head without a bias; every network gets that of its architecture here.
"""

from dataclasses import dataclass, replace
from typing import cast

import torch

from zoo.checkpoint.config import Preprocessing
from zoo.data import Augmentation
from zoo.train import rates

from ..finetune import Rate, TrainingImages, finetune
from ..inference import EVALUATION_BATCH, predict
from ..tasks import Task, TransferTask
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject

Statistics = tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]

# utils/datasets.py and utils/transfer/{dtd,food_101}.py at commit 3e4f5dc: task, mean and deviation of each channel.
STATISTICS: Statistics = (
    ("aircraft", (0.4892, 0.5159, 0.5356), (0.2275, 0.2200, 0.2476)),
    ("birdsnap", (0.4856, 0.4948, 0.4486), (0.2233, 0.2213, 0.2586)),
    ("caltech101", (0.5413, 0.5063, 0.4693), (0.3115, 0.3090, 0.3183)),
    ("caltech256", (0.5438, 0.5141, 0.4821), (0.3077, 0.3044, 0.3163)),
    ("cars", (0.4513, 0.4354, 0.4358), (0.2900, 0.2880, 0.2951)),
    ("cifar10", (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    ("cifar100", (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    ("dtd", (0.5322, 0.4734, 0.4251), (0.2642, 0.2530, 0.2613)),
    ("flowers102", (0.5133, 0.4148, 0.3383), (0.2959, 0.2502, 0.2900)),
    ("food101", (0.5566, 0.4378, 0.3193), (0.2589, 0.2622, 0.2630)),
    ("pets", (0.4807, 0.4432, 0.3949), (0.2598, 0.2537, 0.2597)),
    ("sun397", (0.4772, 0.4566, 0.4168), (0.2556, 0.2520, 0.2720)),
)


@dataclass(frozen=True)
class SteppedTraining:
    """SGD without Nesterov's momentum; the rate is multiplied by ``decay`` when so many epochs are over."""

    epochs: int = 150
    batch_size: int = 64
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov: bool = False
    decay: float = 0.1
    milestones: tuple[float, ...] = (51.0, 101.0)

    def rate(self, first: float) -> Rate:
        """Constant within an epoch."""
        return lambda epoch: rates.steps(first, self.decay, self.milestones, epoch)


@dataclass(frozen=True)
class FullReferenceConfig:
    """``larger_rate`` is for the tasks in ``larger_for``; tasks without ``statistics`` keep the checkpoint's own."""

    learning_rate: float = 0.001
    larger_rate: float = 0.01
    larger_for: tuple[str, ...] = ("aircraft", "cars")
    training: SteppedTraining = SteppedTraining()
    statistics: Statistics = STATISTICS
    evaluation_batch: int = EVALUATION_BATCH


@PROTOCOLS.register("full-reference@1")
class FullReference(Protocol):
    """The seed draws the new head and the crops, and orders the images."""

    facts = ProtocolFacts(
        name="full-reference",
        version="1",
        kind="full",
        title="Full fine-tune as in Iofinova et al. 2022",
        summary=(
            "All weights that are not pruned and a new head by SGD: 150 epochs of batches of 64, learning rate 0.001 "
            "(0.01 for Aircraft and Cars) divided by 10 after 51 and 101 epochs, momentum 0.9, weight decay 5e-4, "
            "random crops and mirror images, the data set's own normalisation; all training images, nothing is chosen, "
            "the last epoch is reported. Sparsity is measured before and after."
        ),
        seeded=True,
        new_head=True,
        trains="all weights that are not pruned",
        task_kinds=("transfer",),
        source="arXiv 2111.13445; IST-DASLab/sparse-imagenet-transfer @3e4f5dc, main.py",
    )
    config_type = FullReferenceConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits of the test images; notes hold the learning rate and the training curve."""
        config = self.config
        fed = normalised(subject.preprocessing, task.name, config.statistics)
        pool = cast("TransferTask", task).data.trainable()
        rate = config.larger_rate if task.name in config.larger_for else config.learning_rate
        images = TrainingImages.of(pool.images, fed, Augmentation(), seed)
        curve = finetune(subject.model, images, torch.tensor(pool.labels), config.training, rate, seed, batch_divisor)
        batch_size = max(1, config.evaluation_batch // batch_divisor)
        logits = {
            condition: predict(subject.model, images.images, fed, batch_size)
            for condition, images in task.image_sets().items()
        }
        return Evaluation(logits, notes={"learning_rate": rate, "training_nll": curve}, preprocessing=fed)


def normalised(preprocessing: Preprocessing, task: str, statistics: Statistics) -> Preprocessing:
    """The checkpoint's preprocessing with the data set's mean and deviation, where these are known."""
    for name, mean, std in statistics:
        if name == task:
            return replace(preprocessing, mean=mean, std=std)
    return preprocessing
