"""``prunarium zoo train``, ``baseline`` and ``recipes``: what makes models, and the options that ``prune`` shares."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .core.console import emit_json, emit_table, say
from .core.errors import UsageError
from .core.progress import following, track

if TYPE_CHECKING:
    import zoo.make
    import zoo.request
    import zoo.train

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Data = Annotated[
    str, typer.Option(help="Training data: digits:0-4, folder:PATH, hub:OWNER/NAME@COMMIT, wds:FOLDER or imagenet.")
]
Seeds = Annotated[str, typer.Option(help="Seeds, comma-separated: one model each.")]
Out = Annotated[Path, typer.Option(help="Folder that gets one model folder each; metrics go to its runs/.")]
Parents = Annotated[Path | None, typer.Option(help="Folder of the dense parents, made by: prunarium zoo train")]
Epochs = Annotated[int | None, typer.Option(help="Instead of the recipe's.")]
LearningRate = Annotated[float | None, typer.Option(help="Instead of the recipe's.")]
BatchSize = Annotated[int | None, typer.Option(help="Instead of the recipe's: images of a step, on all GPUs together.")]
Precision = Annotated[str | None, typer.Option(help="Instead of the recipe's: fp32, bf16 or fp16.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Instead of the recipe's: NAME=VALUE of a field of the training, such as distillation=0.5, or "
        "config.NAME=VALUE of the method's (prunarium zoo methods NAME).",
    ),
]
Jobs = Annotated[int, typer.Option(help="Models at a time; changes the time, not the models.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make again what is there.")]
Device = Annotated[str, typer.Option(help="auto (a GPU where there is one), cpu or cuda.")]
Pieces = Annotated[int, typer.Option(help="Cut each batch into so many and add their gradients up, to save memory.")]
ChannelsLast = Annotated[bool, typer.Option("--channels-last", help="The memory layout that tensor cores want.")]
Compile = Annotated[bool, typer.Option("--compile", help="Use torch.compile.")]
Workers = Annotated[int, typer.Option(help="Processes that decode images.")]
SaveSeconds = Annotated[float, typer.Option(help="Between two saved states, from which a killed run goes on.")]
LogSteps = Annotated[int | None, typer.Option(help="Between two rows of metrics.csv; an epoch if not given.")]
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="Write event files beside metrics.csv.")]
Validate = Annotated[bool, typer.Option("--validate", help="Measure the validation split after every epoch.")]


def recipes(json: Json = False) -> None:
    """List the published recipes: what papers ran, with their sources."""
    from .recipes import published, published_names

    found = [published(name) for name in published_names()]
    if json:
        emit_json([{**vars(recipe)} for recipe in found])
        return
    rows = [
        {
            "name": recipe.name,
            "top1": None if recipe.top1 is None else f"{recipe.top1:.2%}",
            "epochs": recipe.train["epochs"],
            "source": recipe.source,
        }
        for recipe in found
    ]
    columns = {"name": "Recipe", "top1": "Reported top-1", "epochs": "Epochs", "source": "Source"}
    emit_table("Published recipes: prunarium zoo train --recipe NAME --data imagenet --out DIR", rows, columns)


def train(
    data: Data,
    out: Out,
    architecture: Annotated[str | None, typer.Option(help="A dense network of: prunarium zoo architectures")] = None,
    recipe: Annotated[str | None, typer.Option(help="A name from: prunarium zoo recipes")] = None,
    parents: Parents = None,
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
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train dense networks, the parents of pruned ones; or repeat a published run, dense or sparse.

    A run that was interrupted or killed goes on when the same command is given again, and ends in the same bits. On
    several GPUs: accelerate launch --num-processes N -m prunarium zoo train ...
    """
    from .request import Request

    order = partial(
        Request,
        data=data,
        out=out,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        precision=precision,
        settings=tuple(settings or ()),
        overwrite=overwrite,
        running=running_of(
            device, pieces, channels_last, compile, workers, save_seconds, log_steps, tensorboard, validate
        ),
    )
    make_all([_training(order, architecture, recipe, parents, seed) for seed in seeds_of(seeds)], jobs, json)


def baseline(
    model: Annotated[Path, typer.Option("--for", help="The pruned model's folder.")],
    controls: Annotated[
        str, typer.Option(help="Comma-separated: same-mask, same-mask-flops, random-mask, magnitude.")
    ] = "same-mask,same-mask-flops,random-mask,magnitude",
    parents: Annotated[
        Path | None, typer.Option(help="Folder of the dense parents; beside the model if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the controls; beside the model if not given.")] = None,
    device: Device = "auto",
    pieces: Pieces = 1,
    channels_last: ChannelsLast = False,
    compile: Compile = False,  # noqa: A002 - the name of the option
    workers: Workers = 0,
    save_seconds: SaveSeconds = 300.0,
    log_steps: LogSteps = None,
    tensorboard: TensorBoard = False,
    validate: Validate = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train the controls of a pruned model at its own budget: its mask from scratch (as many epochs; as many FLOPs),
    a random mask with the same densities, magnitude pruning."""
    from .baseline import controls_for

    running = running_of(
        device, pieces, channels_last, compile, workers, save_seconds, log_steps, tensorboard, validate
    )
    kinds = [kind.strip() for kind in controls.split(",") if kind.strip()]
    requests = controls_for(model, parents=parents, out=out, kinds=kinds, overwrite=overwrite, running=running)
    if not requests:
        raise UsageError(f"{model} is its own magnitude control.", "Ask for others: --controls same-mask,random-mask")
    make_all(requests, 1, json)


def make_all(requests: "Sequence[zoo.request.Request]", jobs: int, json: bool) -> None:
    """Make what is asked for and print what was made; a single training shows its own progress."""
    from .make_all import make_models

    wanted = list(dict.fromkeys(requests))  # what is asked for twice is made once
    rows: list[dict[str, Any]] = []
    with following("Training") as follow:
        alone = len(wanted) == 1
        models = make_models(wanted, jobs, _report(follow) if alone else None)
        for made in models if alone else track(models, "Making models", total=len(wanted)):
            row = {
                "name": made.path.name,
                "path": str(made.path),
                "method": made.request.method,
                "sparsity": made.request.target,
                "seed": made.request.seed,
                "upstream_top1": made.upstream_top1,
                "reused": made.reused,
                "seconds": round(made.seconds, 2),
            }
            rows.append(row)
            top1 = percent(made.upstream_top1)
            _say(f"{'reused' if made.reused else 'made'} {made.path.name}: upstream top-1 {top1}")
    if _speaks():
        _print_rows(rows, wanted[0].out, json)


def _training(
    order: "Callable[..., zoo.request.Request]",
    architecture: str | None,
    recipe: str | None,
    parents: Path | None,
    seed: int,
) -> "zoo.request.Request":
    from .parents import find_parent
    from .recipes import published

    if recipe is None and architecture is not None:
        return order("dense", architecture, target=0.0, seed=seed)
    if recipe is None or architecture is not None:
        raise UsageError(
            "Give either --architecture, for a dense network, or --recipe, for a published run.",
            "Their names: prunarium zoo architectures; prunarium zoo recipes",
        )
    run = published(recipe)
    parent = None if parents is None else find_parent(parents, run.architecture, seed).path
    return order(run.method, run.architecture, target=run.target, seed=seed, recipe=recipe, parent=parent)


def seeds_of(text: str) -> list[int]:
    """The seeds of a comma-separated list."""
    if all(part.strip().isdecimal() for part in text.split(",")):
        return [int(part) for part in text.split(",")]
    raise UsageError(f"--seeds takes whole numbers separated by commas, got {text!r}.", "For example 0,1,2.")


def percent(fraction: float | None) -> str:
    """For people."""
    return "unknown" if fraction is None else f"{fraction:.1%}"


def _print_rows(rows: Sequence[dict[str, Any]], out: Path, json: bool) -> None:
    if json:
        emit_json(rows)
        return
    shown = [
        row | {"upstream_top1": percent(row["upstream_top1"]), "sparsity": f"{row['sparsity']:.2f}"} for row in rows
    ]
    columns = {"name": "Model", "sparsity": "Sparsity", "upstream_top1": "Upstream top-1", "seconds": "Seconds"}
    emit_table(f"Models in {out}: {len(rows)}", shown, columns, at_most=12)


def _report(follow: Callable[[int, int, str], None]) -> "zoo.make.Report":
    def report(session: "zoo.train.Session") -> None:
        if not _speaks():
            return
        note = ""
        if session.rows:
            row = session.rows[-1]
            note = (
                f"epoch {row.epoch:.4g} of {session.epochs}, loss {row.loss:.3f}, {row.images_per_second:.0f} images/s"
            )
            if row.validation_top1 is not None:
                note += f", validation top-1 {row.validation_top1:.1%}"
        follow(session.step, session.total_steps, note)

    return report


def running_of(
    device: str,
    pieces: int,
    channels_last: bool,
    compile: bool,  # noqa: A002 - as the option
    workers: int,
    save_seconds: float,
    log_steps: int | None,
    tensorboard: bool,
    validate: bool,
) -> "zoo.request.Running":
    """What the options of a run come to."""
    from .request import Running
    from .train import Execution

    execution = Execution(device, pieces, channels_last, compile)
    return Running(execution, save_seconds, log_steps, tensorboard, validate, workers)


def _speaks() -> bool:
    """Of several processes that train together (accelerate launch) the first one speaks."""
    return os.environ.get("RANK", "0") == "0"


def _say(message: str) -> None:
    if _speaks():
        say(message)
