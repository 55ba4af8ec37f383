"""``prunarium zoo``: list methods and architectures, train dense networks, prune them."""

from typing import Annotated

import typer

from .cli_make import Json, baseline, prune, recipes, train
from .cli_methods import methods
from .core.commands import command_group
from .core.console import emit_json, emit_table

app = command_group("Make pruned models: list methods and architectures, train dense parents, prune.")


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


app.command()(methods)
app.command()(recipes)
app.command()(train)
app.command()(prune)
app.command()(baseline)
