"""``prunarium zoo prune``."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_make import (
    BatchSize,
    ChannelsLast,
    Compile,
    Device,
    Epochs,
    Jobs,
    Json,
    LearningRate,
    LogSteps,
    Out,
    Overwrite,
    Pieces,
    Precision,
    SaveSeconds,
    Seeds,
    Settings,
    TensorBoard,
    Validate,
    Workers,
    make_all,
    running_of,
    seeds_of,
)
from .cli_methods import PluginFiles
from .core.errors import UsageError

if TYPE_CHECKING:
    import zoo.checkpoint.folder
    import zoo.patterns
    import zoo.request

Kept = dict[str, Any]  # options as fields of a request
Methods = Annotated[str, typer.Option("--method", help="One or several, comma-separated, from: prunarium zoo methods")]
DenseParents = Annotated[
    Path | None, typer.Option("--parents", help="Folder of the dense parents, made by: prunarium zoo train")
]
OneParent = Annotated[
    str | None,
    typer.Option(
        "--parent",
        help="Instead of --parents, one dense network: its folder, or somebody else's file or https address, which is "
        "imported into --out first (as ImageNet's; others: prunarium import).",
    ),
]
Calibration = Annotated[
    str | None,
    typer.Option(
        help="Images that the method looks at instead of the training data, such as folder:PATH; without --data "
        "nothing is trained."
    ),
]
CalibrationImages = Annotated[int, typer.Option(help="At most so many images of --calibration, always the same ones.")]
TrainingData = Annotated[
    str | None,
    typer.Option("--data", help="Training data, as for: prunarium zoo train. Needed but with --calibration."),
]
Architecture = Annotated[str | None, typer.Option(help="Needed when the parents have several.")]
Sparsities = Annotated[
    str | None, typer.Option(help="Fractions of zeros, comma-separated: 0.90,0.95,0.98; not with N:M.")
]
PatternWord = Annotated[
    str, typer.Option("--pattern", help="Which zeros: unstructured, N:M (2:4), block:RxC (block:1x4) or channel.")
]
Aggregate = Annotated[
    str | None, typer.Option(help="How a block or channel is scored by its weights: mean (the default), sum or l2.")
]
Shrink = Annotated[bool, typer.Option("--shrink", help="Cut removed channels out, so that the network is smaller.")]
Permute = Annotated[bool, typer.Option("--permute", help="Reorder the parent's channels first: N:M keeps more.")]


def prune(
    method: Methods,
    out: Out,
    parents: DenseParents = None,
    parent: OneParent = None,
    data: TrainingData = None,
    calibration: Calibration = None,
    calibration_images: CalibrationImages = 4096,
    sparsities: Sparsities = None,
    pattern: PatternWord = "unstructured",
    aggregate: Aggregate = None,
    shrink: Shrink = False,
    permute: Permute = False,
    architecture: Architecture = None,
    seeds: Seeds = "0",
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    batch_size: BatchSize = None,
    precision: Precision = None,
    settings: Settings = None,
    device: Device = "auto",
    pieces: Pieces = 1,
    channels_last: ChannelsLast = False,
    compile: Compile = False,  # noqa: A002 - the name of the option
    workers: Workers = 0,
    save_seconds: SaveSeconds = 300.0,
    log_steps: LogSteps = None,
    tensorboard: TensorBoard = False,
    validate: Validate = False,
    plugin: PluginFiles = None,  # noqa: ARG001 - its callback has loaded them
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Prune networks to one or several sparsities, each with the fine-tuning or training of its recipe.

    With --calibration and without --data in one shot: batch norm is measured anew on these images, nothing is trained.
    """
    from .patterns import parse_pattern
    from .request import Request

    running = running_of(
        device, pieces, channels_last, compile, workers, save_seconds, log_steps, tensorboard, validate
    )
    wanted = parse_pattern(pattern, aggregate)
    names = [name.strip() for name in method.split(",")]
    shape: Kept = {"pattern": wanted, "shrink": shrink, "permute": permute}
    where: Kept = {"data": data, "calibration": calibration, "calibration_images": calibration_images, "out": out}
    training: Kept = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "precision": precision,
    }
    changes: Kept = {"settings": tuple(settings or ()), "overwrite": overwrite, "running": running}
    order = partial(Request, **shape, **where, **training, **changes)
    targets = targets_of(sparsities, wanted)
    _check(names, wanted)
    found = _parents(parents, parent, architecture, seeds_of(seeds), out)
    make_all(_requests(order, found, names, targets), jobs, json)


def _requests(
    order: "Callable[..., zoo.request.Request]",
    parents: "list[tuple[int, zoo.checkpoint.folder.ModelFolder]]",
    names: list[str],
    targets: list[float],
) -> "list[zoo.request.Request]":
    return [
        order(name, dense.config.architecture, target=target, seed=seed, parent=dense.path)
        for seed, dense in parents
        for name in names
        for target in targets
    ]


def _check(names: list[str], pattern: "zoo.patterns.Pattern") -> None:
    """An unknown method, or one that does not offer the pattern, is an error before anything is made."""
    from .methods import METHODS, check_pattern

    for name in names:
        check_pattern(METHODS[name].facts, pattern)


def _parents(
    parents: Path | None, parent: str | None, architecture: str | None, seeds: list[int], out: Path
) -> "list[tuple[int, zoo.checkpoint.folder.ModelFolder]]":
    """The dense network of every seed."""
    from .parents import find_parent, one_parent

    if (parents is None) == (parent is None):
        raise UsageError(
            "A dense network to start from is given by --parents FOLDER or by --parent.",
            "For example --parent resnet50-11ad3fa6.pth --architecture resnet50",
        )
    if parents is not None:
        return [(seed, find_parent(parents, architecture, seed)) for seed in seeds]
    dense = one_parent(parent or "", architecture, out)
    return [(seed, dense) for seed in seeds]


def targets_of(sparsities: str | None, pattern: "zoo.patterns.Pattern") -> list[float]:
    """The sparsities that are asked for; that of N:M follows from the pattern."""
    from .patterns import NByM

    if isinstance(pattern, NByM):
        if sparsities is not None:
            raise UsageError(f"The sparsity of {pattern} is {pattern.sparsity:g}.", "Leave --sparsities out.")
        return [pattern.sparsity]
    if sparsities is None:
        raise UsageError("How sparse shall they be?", "For example --sparsities 0.80,0.90")
    try:
        fractions = [float(part) for part in sparsities.split(",")]
    except ValueError:
        fractions = []
    if not fractions or not all(0.0 < fraction < 1.0 for fraction in fractions):
        raise UsageError(
            f"--sparsities takes fractions between 0 and 1 separated by commas, got {sparsities!r}.",
            "For example 0.90,0.95,0.98.",
        )
    return fractions
