"""``prunarium zoo``: list methods and architectures, train dense networks, prune them."""

from .cli_inspect import inspect
from .cli_make import Json, baseline, recipes, train
from .cli_methods import methods
from .cli_prune import prune
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


app.command()(inspect)
app.command()(methods)
app.command()(recipes)
app.command()(train)
app.command()(prune)
app.command()(baseline)
