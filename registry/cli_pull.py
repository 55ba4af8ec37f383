"""``prunarium pull``: fetch checkpoints and verify them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError
from zoo.core.progress import track

from .cli_common import NEWS, AsJson, Namespace, folder_name, quiet_client


def pull(
    targets: Annotated[list[str] | None, typer.Argument(help="Slugs or Hub ids, each with @revision or not.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every model of the catalogue that is on a hub.")] = False,
    namespace: Namespace = None,
    out: Annotated[Path | None, typer.Option(help="Also copy to this folder (several: one folder each in it).")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch checkpoints, pinned to a commit and verified byte by byte."""
    from .db.schema import open_catalogue
    from .pull import pull as fetch
    from .search import search as find
    from .settings import load_settings

    names = list(targets or [])
    if every == bool(names):
        raise UsageError("Name models, or give --all.", "prunarium pull gmp/resnet50/0.90")
    settings = load_settings()
    engine = open_catalogue(settings)
    if every:
        names = [row.name for row in find(engine=engine, availability="hub", owner=namespace, limit=sys.maxsize)]
    quiet_client()
    rows = []
    for name in track(names, "Pulling"):
        place = out if out is None or len(names) == 1 else out / folder_name(name.partition("@")[0])
        found = fetch(name, engine=engine, endpoint=settings.hub_endpoint, token=settings.hub_token, out=place)
        rows.append({"target": name, **asdict(found), "path": str(found.path)})
    if as_json:
        emit_json(rows)
        return
    columns = {"target": "model", "commit": "commit", "verified_by": "verified by", "path": "folder"}
    shown = [{**row, "commit": row["commit"][:10]} for row in rows]
    emit_table(f"{len(rows)} models pulled", shown, columns, at_most=NEWS)
    cached = sum(row["from_cache"] for row in rows)
    if cached:
        say(f"{cached} of {len(rows)} were there already and were verified again.")
