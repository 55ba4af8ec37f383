"""``prunarium publish``: model folders to a hub, and new cards for what is there."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from zoo.checkpoint.folder import PROVENANCE
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import PrunariumError, UsageError
from zoo.core.files import DiskFullError
from zoo.core.progress import track

from .cli_common import NEWS, AsJson, Namespace, quiet_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from .publish import Published
    from .settings import Settings

    Outcome = tuple[list[Published], dict[str, PrunariumError]]

T = TypeVar("T")


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
    """Publish model folders on a hub and in the catalogue, as far as they can be; what is there stays as it is."""
    from .db.schema import open_catalogue
    from .settings import load_settings

    names = list(targets or [])
    _require_sense(names, refresh=refresh, every=every, private=private)
    settings = load_settings()
    engine = open_catalogue(settings)
    quiet_client()
    if refresh:
        done, failed = _refresh(names, engine, settings, namespace, tag)
    else:
        done, failed = _publish([Path(name) for name in names], engine, settings, namespace, private, tag)
    _show(done, failed, as_json)
    if failed:
        raise typer.Exit(1)


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
) -> "Outcome":
    from .publish import find_folders, own_namespace
    from .publish import publish as upload
    from .repository import require_tag

    require_tag(tag)
    found = [folder for path in paths for folder in find_folders(path)]
    if not found:
        raise UsageError(f"There is no model folder in {', '.join(map(str, paths))}.", f"One holds {PROVENANCE}.")
    hub, token = settings.hub_endpoint, settings.hub_token
    where = namespace or own_namespace(hub, token)
    act = partial(upload, engine=engine, endpoint=hub, namespace=where, token=token, private=private, tag=tag)
    return _each(found, "Publishing", act)


def _refresh(
    names: list[str], engine: "Engine", settings: "Settings", namespace: str | None, tag: str | None
) -> "Outcome":
    from .publish import own_namespace
    from .refresh import published_on, refresh

    hub, token = settings.hub_endpoint, settings.hub_token
    names = names or published_on(engine, hub, namespace or own_namespace(hub, token))
    return _each(names, "Writing cards", partial(refresh, engine=engine, endpoint=hub, token=token, tag=tag))


def _each(targets: list[T], description: str, act: "Callable[[T], Published]") -> "Outcome":
    """One model that cannot be published stops no other; a hub that takes none of them does."""
    from .errors import HubAccessError, HubUnavailableError

    done, failed = [], {}
    for target in track(targets, description):
        try:
            done.append(act(target))
        except PrunariumError as error:
            if len(targets) == 1 or isinstance(error, (HubAccessError, HubUnavailableError, DiskFullError)):
                raise
            failed[str(target)] = error
    return done, failed


def _show(done: "list[Published]", failed: "Mapping[str, PrunariumError]", as_json: bool) -> None:
    if as_json:
        errors = [{"target": target, "error": error.message} for target, error in failed.items()]
        emit_json([*({**asdict(row), "notes": list(row.notes)} for row in done), *errors])
    elif done:
        columns = {"slug": "model", "repo_id": "repository", "commit": "commit", "tag": "release", "news": "news"}
        if not any(row.tag for row in done):
            del columns["tag"]
        shown = [
            {**asdict(row), "commit": row.commit[:10], "news": "published" if row.created else "unchanged"}
            for row in done
        ]
        emit_table(f"Models published: {len(done)}", shown, columns, at_most=NEWS)
    for row in done:
        for note in row.notes:
            say(note)
    for target, error in failed.items():
        say(f"{target}: {error.message}")
    if failed:
        say(f"{len(failed)} of {len(done) + len(failed)} could not be published.")
