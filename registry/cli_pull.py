"""``prunarium pull``: fetch checkpoints and verify them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import PrunariumError, UsageError
from zoo.core.progress import counting_bytes

from .addresses import parse_address
from .cli_common import NEWS, AsJson, Namespace, folder_name, quiet_client

if TYPE_CHECKING:
    from .sources import Source


def pull(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Slugs, Hub ids or addresses, each with @revision or not.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every model of the catalogue that is on a hub.")] = False,
    namespace: Namespace = None,
    dense: Annotated[bool, typer.Option("--dense", help="The dense file, for tools that read no sparse one.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also copy to this folder (several: one folder each in it).")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch checkpoints, pinned to a commit and verified byte by byte; several of them as far as they can be had."""
    from .settings import load_settings
    from .sources import chosen_source

    names = list(dict.fromkeys(targets or []))
    if every == bool(names):
        raise UsageError("Name models, or give --all.", "prunarium pull gmp/resnet50/0.90")
    settings = load_settings()
    source = chosen_source(settings)
    if every:
        names = _on_a_hub(source, namespace)
    quiet_client()
    fetch = {"source": source, "endpoint": settings.hub_endpoint, "token": settings.hub_token, "dense": dense}
    rows = _pull_each(names, out, alone=len(names) == 1 and not every, **fetch)
    failed = [row for row in rows if "error" in row]
    if as_json:
        emit_json(rows)
    else:
        _print([row for row in rows if "error" not in row])
    for row in failed:
        say(f"{row['target']}: {row['error']}")
    if failed:
        say(f"{len(failed)} of {len(rows)} could not be pulled.")
        raise typer.Exit(1)


def _on_a_hub(source: "Source", owner: str | None) -> list[str]:
    query = "availability=hub" + (f' owner="{owner}"' if owner else "")
    found = source.models(query, limit=sys.maxsize)
    return [row.model.name for row in found.rows]


def _pull_each(names: list[str], out: Path | None, *, alone: bool, **options: Any) -> list[dict[str, Any]]:
    """A row for each model; one that cannot be had has the field ``error``, and does not stop the others."""
    from .pull import pull as fetch

    rows = []
    with counting_bytes("Pulling") as progress:
        for name in names:
            place = out if out is None or alone else out / folder_name(parse_address(name, options["endpoint"]).name)
            try:
                found = fetch(name, out=place, progress=progress, **options)
            except PrunariumError as error:
                if alone:
                    raise
                rows.append({"target": name, "error": error.message})
            else:
                rows.append({"target": name, **asdict(found), "path": str(found.path)})
    return rows


def _print(rows: list[dict[str, Any]]) -> None:
    columns = {
        "target": "model",
        "commit": "commit",
        "weights": "weights",
        "verified_by": "verified by",
        "path": "folder",
    }
    shown = [{**row, "commit": row["commit"][:10]} for row in rows]
    emit_table(f"Models pulled: {len(rows)}", shown, columns, at_most=NEWS)
    cached = sum(row["from_cache"] for row in rows)
    if cached:
        say(f"{cached} of {len(rows)} came from the cache and were verified again.")
    for row in rows:
        if row["repaired"]:
            say(f"{row['target']}: damaged in the cache and fetched again: {', '.join(row['repaired'])}.")
