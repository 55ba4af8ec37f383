"""What a training run is told: what is learnt how (:class:`TrainConfig`), and how the machine does it."""

from dataclasses import dataclass, replace
from math import inf

from ..core.errors import UsageError
from . import rates

SCHEDULES = ("cosine", "constant", "step", "cyclic")
OPTIMIZERS = ("sgd", "adam", "adamw")
PRECISIONS = ("fp32", "bf16", "fp16")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained. Times are in epochs and may have fractions; rates are per step of the optimizer.

    ``batch_size``: images of one step, over all processes and pieces. ``schedule``: "cosine" and "cyclic" go to
    ``final_rate``, the first by half a cosine over the run, the second by a straight line again every
    ``cycle_epochs``; "step" multiplies by ``decay`` at each of the ``milestones``; "constant" stays. Before that the
    rate rises over ``warmup_epochs``, which count as part of the run (a cosine takes what is left).
    ``momentum`` (Nesterov's, if so said) is SGD's, ``betas`` are Adam's. ``decay_norms``: False spares biases and
    normalisation from weight decay. ``clip_norm``: the largest norm of the whole gradient.
    ``augment``: random crops and mirror images (:class:`zoo.data.Augmentation`).
    ``distillation``: the weight of the dense parent's softened predictions in the loss, at ``temperature`` (Hinton et
    al. 2015, arXiv 1503.02531). ``norm_batches``: batches from which batch-norm statistics are measured anew at the
    end, 0 to keep those there are; None is 0 after a training, which has measured them, and without one as many as
    hold 1,024 images. ``epochs`` 0 prunes without training.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    schedule: str = "cosine"
    seed: int = 0
    optimizer: str = "sgd"
    nesterov: bool = True
    betas: tuple[float, float] = (0.9, 0.999)
    decay_norms: bool = True
    warmup_epochs: float = 0.0
    final_rate: float = 0.0
    milestones: tuple[float, ...] = ()
    decay: float = 0.1
    cycle_epochs: float = 0.0
    clip_norm: float | None = None
    precision: str = "fp32"
    distillation: float = 0.0
    temperature: float = 1.0
    norm_batches: int | None = None
    augment: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise UsageError(f"The number of epochs is at least 0, not {self.epochs}.", "For example --epochs 10")
        if self.batch_size < 1:
            raise UsageError(f"A batch has at least one image, not {self.batch_size}.")
        if not 0 < self.learning_rate < inf:
            raise UsageError(f"A learning rate is finite and above 0, not {self.learning_rate}.")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"A seed is a whole number from 0 to 2^63 - 1, got {self.seed}.", "For example 0.")
        for name, known in (("schedule", SCHEDULES), ("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise UsageError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}.")
        self._check_bounds()
        self._check_schedule()

    def _check_bounds(self) -> None:
        bounds = {
            "momentum": (0 <= self.momentum < 1, "from 0 to below 1"),
            "betas": (all(0 <= beta < 1 for beta in self.betas), "from 0 to below 1"),
            "weight_decay": (0 <= self.weight_decay < inf, "at least 0"),
            "label_smoothing": (0 <= self.label_smoothing < 1, "from 0 to below 1"),
            "final_rate": (0 <= self.final_rate < inf, "at least 0"),
            "decay": (0 < self.decay <= 1, "above 0 and at most 1"),
            "clip_norm": (self.clip_norm is None or 0 < self.clip_norm < inf, "above 0"),
            "distillation": (0 <= self.distillation <= 1, "from 0 to 1"),
            "temperature": (0 < self.temperature < inf, "above 0"),
            "norm_batches": (self.norm_batches is None or self.norm_batches >= 0, "at least 0"),
        }
        for name, (right, expected) in bounds.items():
            if not right:
                raise UsageError(f"{name} must be {expected}, got {getattr(self, name)}.")

    def _check_schedule(self) -> None:
        if not 0 <= self.warmup_epochs < max(self.epochs, 1):
            raise UsageError(
                f"warmup_epochs must be from 0 to below the {self.epochs} epochs of the run, got {self.warmup_epochs}."
            )
        if (self.schedule == "step") != bool(self.milestones) or list(self.milestones) != sorted(set(self.milestones)):
            raise UsageError(
                f"Milestones go with the schedule 'step', in rising order; got {self.milestones} with "
                f"{self.schedule!r}.",
                'For example: schedule = "step", milestones = [30, 60, 80]',
            )
        if (self.schedule == "cyclic") != (self.cycle_epochs > 0):
            raise UsageError(
                f"cycle_epochs above 0 go with the schedule 'cyclic', got {self.cycle_epochs} with {self.schedule!r}.",
                'For example: schedule = "cyclic", cycle_epochs = 20',
            )

    def stretched(self, epochs: int) -> "TrainConfig":
        """The same training for another number of epochs: steps and cycles of the rate and a shorter warm-up come at
        the same fractions of the run."""
        factor = epochs / self.epochs if self.epochs else 1.0
        curve = factor or 1.0  # no epochs ask for no rate, and zeros are no milestones
        return replace(
            self,
            epochs=epochs,
            milestones=tuple(milestone * curve for milestone in self.milestones),
            warmup_epochs=self.warmup_epochs * min(factor, 1.0),
            cycle_epochs=self.cycle_epochs * curve,
        )

    def rate(self, step: int, total_steps: int) -> float:
        """The learning rate at a step."""
        if not total_steps:
            return self.learning_rate
        epoch = self.epochs * step / total_steps
        if epoch < self.warmup_epochs:
            # The first step already learns: the line is read at the end of each step.
            return rates.warm_up(self.learning_rate, self.epochs * (step + 1) / total_steps, self.warmup_epochs)
        if self.schedule == "step":
            return rates.steps(self.learning_rate, self.decay, self.milestones, epoch)
        if self.schedule == "cyclic":
            return rates.linear(self.learning_rate, self.final_rate, epoch % self.cycle_epochs / self.cycle_epochs)
        if self.schedule == "cosine":
            warm_up_steps = total_steps * self.warmup_epochs / self.epochs
            fraction = (step - warm_up_steps) / (total_steps - warm_up_steps)
            return rates.cosine(self.learning_rate, self.final_rate, fraction)
        return self.learning_rate


@dataclass(frozen=True)
class Execution:
    """How the machine computes a run. Another choice gives another rounding; ``pieces`` also other batch statistics.

    ``device``: "auto" takes a GPU where there is one. ``pieces``: each process cuts its share of a batch into so many
    and adds up their gradients, for batches that do not fit. ``channels_last``: the memory layout that tensor cores
    want. ``compile``: ``torch.compile``.
    """

    device: str = "cpu"
    pieces: int = 1
    channels_last: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise UsageError(f"The device must be one of {', '.join(DEVICES)}, got {self.device!r}.")
        if self.pieces < 1:
            raise UsageError(f"A batch has at least one piece, got {self.pieces}.")
