"""``prunarium zoo``: list methods and architectures, train dense networks, prune them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .core.commands import command_group
from .core.console import emit_json, emit_table, say
from .core.errors import UsageError
from .core.progress import track

if TYPE_CHECKING:
    import zoo.make

app = command_group("Make pruned models: list methods and architectures, train dense parents, prune.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Data = Annotated[
    str, typer.Option(help="Training data: digits:0-4, folder:PATH, hub:OWNER/NAME@COMMIT, wds:FOLDER or imagenet.")
]
Seeds = Annotated[str, typer.Option(help="Seeds, comma-separated: one model each.")]
Out = Annotated[Path, typer.Option(help="Folder that gets one model folder each.")]
Epochs = Annotated[int | None, typer.Option(help="Instead of the recipe's.")]
LearningRate = Annotated[float | None, typer.Option(help="Instead of the recipe's.")]
Jobs = Annotated[int, typer.Option(help="Processes; changes the time, not the models.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make again what is there.")]


@app.command()
def methods(json: Json = False) -> None:
    """List the pruning methods."""
    from .methods import METHODS

    rows = [
        {
            "name": name,
            "title": method.facts.title,
            "family": method.facts.family,
            "starts_from": method.facts.starts_from,
            "masks": method.facts.mask_behaviour.value,
            "exact_target": method.facts.exact_target,
            "paper": method.facts.paper,
        }
        for name, method in METHODS.items()
    ]
    columns = {"name": "Method", "family": "Family", "starts_from": "Starts from", "paper": "Paper"}
    emit_json(rows) if json else emit_table("Pruning methods", rows, columns)


@app.command()
def architectures(json: Json = False) -> None:
    """List the architectures."""
    from .architectures import ARCHITECTURES

    rows = [
        {
            "name": name,
            "title": entry.title,
            "input_size": "×".join(map(str, entry.preprocessing.input_size)),
            "classifier": entry.classifier,
            "timm_name": entry.timm_name,
            "source": entry.source,
        }
        for name, entry in ARCHITECTURES.items()
    ]
    columns = {"name": "Architecture", "title": "Title", "input_size": "Input", "classifier": "Classifier"}
    emit_json(rows) if json else emit_table("Architectures", rows, columns | {"source": "Source"})


@app.command()
def prunable(
    architecture: Annotated[str, typer.Argument(help="A name from: prunarium zoo architectures")],
    num_classes: Annotated[int, typer.Option(help="Outputs of the classifier.")] = 1000,
    json: Json = False,
) -> None:
    """Show which tensors of an architecture may be pruned, and why not the others."""
    import torch

    from .models import build
    from .prunable import explain

    with torch.device("meta"):
        rows = [row._asdict() for row in explain(build(architecture, num_classes))]
    if json:
        emit_json(rows)
        return
    shown = [
        row | {"shape": "×".join(map(str, row["shape"])), "prunable": "yes" if row["prunable"] else "no"}
        for row in rows
    ]
    columns = {"name": "Tensor", "shape": "Shape", "prunable": "Prunable", "reason": "Reason"}
    emit_table(f"Parameters of {architecture}", shown, columns)


@app.command()
def train(
    architecture: Annotated[str, typer.Option(help="A name from: prunarium zoo architectures")],
    data: Data,
    out: Out,
    seeds: Seeds = "0",
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train dense networks: the parents of pruned ones, and what these are compared with."""
    from .make import Request

    order = partial(Request, data=data, out=out, epochs=epochs, learning_rate=learning_rate, overwrite=overwrite)
    _make([order("dense", architecture, target=0.0, seed=seed) for seed in _seeds(seeds)], jobs, json)


@app.command()
def prune(
    method: Annotated[str, typer.Option(help="One or several, comma-separated, from: prunarium zoo methods")],
    sparsities: Annotated[str, typer.Option(help="Fractions of zeros, comma-separated: 0.90,0.95,0.98")],
    parents: Annotated[Path, typer.Option(help="Folder of the dense parents, made by: prunarium zoo train")],
    data: Data,
    out: Out,
    architecture: Annotated[str | None, typer.Option(help="Needed when the parents have several.")] = None,
    seeds: Seeds = "0",
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Prune networks to one or several sparsities, each with the fine-tuning or training of its recipe."""
    from .make import Request
    from .methods import METHODS
    from .parents import find_parent

    names = [name.strip() for name in method.split(",")]
    for name in names:
        METHODS[name]  # an unknown name is an error before anything is made
    targets = _fractions(sparsities)
    order = partial(Request, data=data, out=out, epochs=epochs, learning_rate=learning_rate, overwrite=overwrite)
    requests = []
    for seed in _seeds(seeds):
        parent = find_parent(parents, architecture, seed)
        made_from = partial(order, seed=seed, architecture=parent.config.architecture, parent=parent.path)
        requests += [made_from(name, target=target) for name in names for target in targets]
    _make(requests, jobs, json)


def _make(requests: "Sequence[zoo.make.Request]", jobs: int, json: bool) -> None:
    from .make_all import make_models

    wanted = list(dict.fromkeys(requests))  # what is asked for twice is made once
    rows: list[dict[str, Any]] = []
    for made in track(make_models(wanted, jobs), "Making models", total=len(wanted)):
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
        say(f"{'reused' if made.reused else 'made'} {made.path.name}: upstream top-1 {_percent(made.upstream_top1)}")
    if json:
        emit_json(rows)
        return
    shown = [
        row | {"upstream_top1": _percent(row["upstream_top1"]), "sparsity": f"{row['sparsity']:.2f}"} for row in rows
    ]
    columns = {"name": "Model", "sparsity": "Sparsity", "upstream_top1": "Upstream top-1", "seconds": "Seconds"}
    emit_table(f"{len(rows)} models in {wanted[0].out}", shown, columns, at_most=12)


def _percent(fraction: float | None) -> str:
    return "unknown" if fraction is None else f"{fraction:.1%}"


def _seeds(text: str) -> list[int]:
    if all(part.strip().isdecimal() for part in text.split(",")):
        return [int(part) for part in text.split(",")]
    raise UsageError(f"--seeds takes whole numbers separated by commas, got {text!r}.", "For example 0,1,2.")


def _fractions(text: str) -> list[float]:
    try:
        fractions = [float(part) for part in text.split(",")]
    except ValueError:
        fractions = []
    if not fractions or not all(0.0 < fraction < 1.0 for fraction in fractions):
        raise UsageError(
            f"--sparsities takes fractions between 0 and 1 separated by commas, got {text!r}.",
            "For example 0.90,0.95,0.98.",
        )
    return fractions
