"""``prunarium zoo methods``, and the option ``--plugin`` of every command that takes a pruning method."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .core.console import emit_json, emit_table

if TYPE_CHECKING:
    import zoo.methods


def _load(paths: list[Path] | None) -> list[Path]:
    from .methods import METHODS

    for path in paths or ():
        METHODS.load_file(path)
    return paths or []


PluginFiles = Annotated[
    list[Path] | None,
    typer.Option("--plugin", callback=_load, is_eager=True, help="A Python file with a pruning method of yours."),
]


def methods(
    name: Annotated[str | None, typer.Argument(help="Show all about this one.")] = None,
    plugin: PluginFiles = None,  # noqa: ARG001 - its callback has loaded them
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the pruning methods, or show one with its configuration."""
    from .methods import METHODS

    chosen = METHODS.items() if name is None else [(name, METHODS[name])]
    rows = [_row(key, method) for key, method in chosen]
    if json:
        emit_json(rows)
    elif name is None:
        columns = {"name": "Method", "family": "Family", "starts_from": "Starts from", "masks": "Masks"}
        emit_table("Pruning methods", rows, columns | {"title": "Title", "paper": "Paper"})
    else:
        facts = [{"field": key, "value": value} for key, value in rows[0].items() if key != "config"]
        settings = [{"field": f"config: {key}", "value": value} for key, value in rows[0]["config"].items()]
        emit_table(rows[0]["title"], facts + settings, {"field": "Field", "value": "Value"})


def _row(name: str, method: "type[zoo.methods.Method]") -> dict[str, Any]:
    return {
        "name": name,
        "title": method.facts.title,
        "family": method.facts.family,
        "starts_from": method.facts.starts_from,
        "masks": method.facts.mask_behaviour.value,
        "patterns": ", ".join(method.facts.patterns),
        "exact_target": method.facts.exact_target,
        "config": asdict(method().config),
        "paper": method.facts.paper,
    }
