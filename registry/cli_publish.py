"""``prunarium publish``: model folders to a hub, and new cards for what is there."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.checkpoint.folder import PROVENANCE
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError
from zoo.core.progress import track

from .cli_common import NEWS, AsJson, Namespace, quiet_client

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from .publish import Published
    from .settings import Settings


def publish(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Model folders, or folders of them; with --refresh slugs or Hub ids.", metavar="FOLDER..."),
    ] = None,
    namespace: Namespace = None,
    private: Annotated[bool, typer.Option("--private", help="Only for the owner's eyes.")] = False,
    tag: Annotated[str | None, typer.Option(help="Name the commit as a release, such as v1.0.")] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Only write new cards and reports for published models.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="With --refresh: every model of the namespace.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish model folders on a hub and in the catalogue; what is there already stays as it is."""
    from .db.schema import open_catalogue
    from .settings import load_settings

    names = list(targets or [])
    _require_sense(names, refresh=refresh, every=every, private=private)
    settings = load_settings()
    engine = open_catalogue(settings)
    quiet_client()
    if refresh:
        done = _refresh(names, engine, settings, namespace, tag)
    else:
        done = _publish([Path(name) for name in names], engine, settings, namespace, private, tag)
    _show(done, as_json)


def _require_sense(names: list[str], *, refresh: bool, every: bool, private: bool) -> None:
    if not refresh:
        if every:
            raise UsageError("--all goes with --refresh.", "Folders are named: prunarium publish FOLDER")
        if not names:
            raise UsageError("Name model folders.", "prunarium publish models/")
    elif private:
        raise UsageError("--refresh changes no visibility.", "Publish the folder with or without --private.")
    elif every == bool(names):
        raise UsageError("Name models, or give --all.", "prunarium publish --refresh gmp/resnet50/0.90")


def _publish(
    paths: list[Path], engine: "Engine", settings: "Settings", namespace: str | None, private: bool, tag: str | None
) -> "list[Published]":
    from .publish import find_folders, own_namespace
    from .publish import publish as upload
    from .repository import require_tag

    require_tag(tag)
    found = [folder for path in paths for folder in find_folders(path)]
    if not found:
        raise UsageError(f"There is no model folder in {', '.join(map(str, paths))}.", f"One holds {PROVENANCE}.")
    hub, token = settings.hub_endpoint, settings.hub_token
    where = namespace or own_namespace(hub, token)
    return [
        upload(folder, engine=engine, endpoint=hub, namespace=where, token=token, private=private, tag=tag)
        for folder in track(found, "Publishing")
    ]


def _refresh(
    names: list[str], engine: "Engine", settings: "Settings", namespace: str | None, tag: str | None
) -> "list[Published]":
    from .publish import own_namespace
    from .refresh import published_on, refresh

    hub, token = settings.hub_endpoint, settings.hub_token
    names = names or published_on(engine, hub, namespace or own_namespace(hub, token))
    return [refresh(name, engine=engine, endpoint=hub, token=token, tag=tag) for name in track(names, "Writing cards")]


def _show(done: "list[Published]", as_json: bool) -> None:
    if as_json:
        emit_json([{**asdict(row), "notes": list(row.notes)} for row in done])
    else:
        columns = {"slug": "model", "repo_id": "repository", "commit": "commit", "tag": "release", "news": "news"}
        if not any(row.tag for row in done):
            del columns["tag"]
        shown = [
            {**asdict(row), "commit": row.commit[:10], "news": "published" if row.created else "unchanged"}
            for row in done
        ]
        emit_table(f"{len(done)} models published", shown, columns, at_most=NEWS)
    for row in done:
        for note in row.notes:
            say(note)
