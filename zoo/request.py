"""What is asked for: one model to make, and how to go about it."""

from dataclasses import dataclass, field
from pathlib import Path

from .checkpoint.slug import Slug
from .core.errors import UsageError
from .methods import METHODS, check_pattern
from .patterns import UNSTRUCTURED, Channel, NByM, Pattern, Unstructured
from .recipes import Recipe, load_recipe, parse_settings, published
from .train import Execution


@dataclass(frozen=True)
class Running:
    """How a training is carried out; nothing here changes what is learnt, but for rounding (see :class:`Execution`).

    ``save_seconds``: between two states on disk, 0 for every step. ``log_steps``: between two rows of the metrics, None
    for one an epoch. ``validate``: measure the validation split after every epoch. ``workers``: processes that decode
    images.
    """

    execution: Execution = field(default_factory=Execution)
    save_seconds: float = 300.0
    log_steps: int | None = None
    tensorboard: bool = False
    validate: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        if self.save_seconds < 0 or self.workers < 0 or (self.log_steps is not None and self.log_steps < 1):
            raise UsageError(
                "Seconds between states and workers are at least 0, steps between rows at least 1; got "
                f"{self.save_seconds}, {self.workers} and {self.log_steps}."
            )


@dataclass(frozen=True)
class Control:
    """That a model is a control of another one, ``of`` (slug), trained by ``recipe``.

    ``label`` stands in its slug; ``identity`` is the densified hash of the other model's weights.
    """

    of: str
    label: str
    identity: str
    recipe: Recipe


@dataclass(frozen=True)
class Request:
    """One model to make. ``target`` is a sparsity in hundredths, or what follows from the ``pattern``.

    ``parent`` is the folder of the dense model or None. ``shrink``: cut removed channels out of the tensors.
    ``permute``: reorder the dense parent's channels first, so that N:M keeps more.

    ``data`` None trains nothing: the method looks at ``calibration_images`` images of ``calibration`` at most. Where
    both are given, the method looks at the one and the other is trained on.

    ``recipe`` names a published one; without it the architecture's own is taken. ``settings`` (``name=value``) replace
    fields of its training.
    """

    method: str
    architecture: str
    data: str | None
    target: float
    seed: int
    out: Path
    parent: Path | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    overwrite: bool = False
    batch_size: int | None = None
    precision: str | None = None
    settings: tuple[str, ...] = ()
    recipe: str | None = None
    control: Control | None = None
    running: Running = field(default_factory=Running)
    pattern: Pattern = UNSTRUCTURED
    shrink: bool = False
    permute: bool = False
    calibration: str | None = None
    calibration_images: int = 4096

    def __post_init__(self) -> None:
        if isinstance(self.pattern, NByM):
            if self.target != self.pattern.sparsity:
                raise UsageError(f"The sparsity of {self.pattern} is {self.pattern.sparsity:g}, not {self.target}.")
        elif not 0.0 <= self.target < 1.0 or round(self.target, 2) != self.target:
            raise UsageError(
                f"A sparsity is a fraction from 0 to 0.99 in hundredths, got {self.target}.",
                "0.90 removes nine weights of ten.",
            )
        if (self.method == "dense") != (self.target == 0.0):
            raise UsageError(
                f"Sparsity {self.target} does not go with the method {self.method!r}.",
                "Dense networks are made by: prunarium zoo train",
            )
        if self.parent is not None and self.method == "dense":
            raise UsageError("A dense model has no dense parent.")
        if self.shrink and not isinstance(self.pattern, Channel):
            raise UsageError("Only whole channels can be cut out.", "Add --pattern channel, or leave --shrink out.")
        if self.permute and not isinstance(self.pattern, NByM):
            raise UsageError("Channels are reordered for N:M alone.", "Add --pattern 2:4, or leave --permute out.")
        if self.calibration_images < 1:
            raise UsageError(f"At least one image is needed to calibrate on, got {self.calibration_images}.")
        if self.data is None and (self.parent is None or self.calibration is None or self.epochs):
            raise UsageError(
                "Without training data a dense parent is pruned on calibration images, and nothing is trained.",
                "Give --data to train, or --calibration and neither --data nor --epochs.",
            )
        if self.control is None:
            check_pattern(METHODS[self.method].facts, self.pattern)

    @property
    def slug(self) -> Slug:
        """Where the model stands in the catalogue."""
        label = self.control.label if self.control else published(self.recipe).variant if self.recipe else None
        parts = (
            label,
            *_in_slug(self.pattern),
            "shrunk" if self.shrink else None,
            "permuted" if self.permute else None,
            f"s{self.seed}",
        )
        sparsity = f"{self.pattern.n}of{self.pattern.m}" if isinstance(self.pattern, NByM) else f"{self.target:.2f}"
        return Slug(self.method, self.architecture, sparsity, "-".join(part for part in parts if part))

    @property
    def path(self) -> Path:
        """The model's folder."""
        return self.out / self.slug.repo_name

    @property
    def journal(self) -> Path:
        """The folder of its metrics, and of its state until it is finished."""
        return self.out / "runs" / self.slug.repo_name

    def resolve(self) -> Recipe:
        """How to train it, and by which method; raises :class:`UsageError` where there is no recipe."""
        if self.control is not None:
            return self.control.recipe
        changes = {
            "seed": self.seed,
            "epochs": 0 if self.data is None else self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "precision": self.precision,
            **parse_settings(self.settings),
        }
        if self.recipe is not None:
            return published(self.recipe).resolve(**changes)
        return load_recipe(self.architecture, self.method, **changes)


def _in_slug(pattern: Pattern) -> tuple[str, ...]:
    """What a slug says of a pattern besides the sparsity."""
    if isinstance(pattern, Unstructured | NByM):
        return ()
    word = str(pattern).replace(":", "")
    return (word,) if pattern.aggregate == Channel().aggregate else (word, pattern.aggregate)
