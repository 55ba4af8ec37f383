"""``prunarium hub gc|verify|backup|restore``: what keeps a hub's names and bytes in order."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .cli_common import AsJson
from .hub_server.backups import restore_hub, write_hub_backup
from .hub_server.collecting import GRACE_SECONDS, collect
from .hub_server.hub import Hub, open_hub
from .hub_server.records import Limits
from .hub_server.serving import HubFolder
from .hub_server.verifying import verify as find_damage
from .settings import load_settings

Data = Annotated[Path | None, typer.Option(help="The hub's folder.  [default: hub, in PRUNARIUM_HOME]")]
Database = Annotated[str | None, typer.Option(help="Its database.  [default: hub.sqlite, in the folder]")]

_HOUR_SECONDS = 3600


def gc(
    data: Data = None,
    database_url: Database = None,
    grace: Annotated[
        float, typer.Option(help="Hours for which an upload may wait for its commit.", min=0)
    ] = GRACE_SECONDS / _HOUR_SECONDS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what blobs would go, and keep them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove bytes that no repository needs, while the hub serves."""
    done = collect(_open(data, database_url), grace * _HOUR_SECONDS, dry_run=dry_run)
    if as_json:
        emit_json({**asdict(done), "dry_run": dry_run})
        return
    say(f"{done.blobs:,} blobs ({done.bytes:,} bytes) {'would go' if dry_run else 'removed'}.")
    say(f"{done.parts:,} unfinished uploads {'would go' if dry_run else 'removed'}.")


def verify(
    data: Data = None,
    database_url: Database = None,
    fast: Annotated[bool, typer.Option("--fast", help="Look at sizes, without reading the bytes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check that everything is there, whole; exit code 1 when something is not."""
    found = list(find_damage(_open(data, database_url), read_bytes=not fast))
    if as_json:
        emit_json([asdict(damage) for damage in found])
    for damage in [] if as_json else found:
        typer.echo(f"{damage.kind}\t{damage.subject}\t{damage.detail}")
    if found:
        say(f"{len(found)} things are damaged. Uploading a file again heals its bytes; a backup has the rest.")
        raise typer.Exit(1)
    say("Everything is there." if fast else "Everything is there, and every byte was read.")


def backup(
    target: Annotated[Path, typer.Argument(help="The folder to make.")],
    data: Data = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Copy names and bytes to a new folder while the hub serves. The folder is a hub's own: keep it private."""
    folder = hub_folder(data, database_url)
    done = write_hub_backup(_existing(folder), folder.store, target)
    if as_json:
        emit_json({**asdict(done), "path": str(target)})
        return
    say(f"{target}: {done.blobs:,} blobs, {done.bytes:,} bytes, each one checked.")
    say(f"Serve it: prunarium hub serve --data {target}    Bring it back: prunarium hub restore {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `prunarium hub backup` wrote.")],
    data: Data = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Make a new hub of a backup, on SQLite or (with --database-url) on an empty PostgreSQL database."""
    folder = hub_folder(data, database_url)
    done = restore_hub(source, folder)
    if as_json:
        emit_json({**asdict(done), "path": str(folder.root)})
    else:
        say(f"{folder.root}: {done.blobs:,} blobs, {done.bytes:,} bytes.")
        say(f"Serve it: prunarium hub serve --data {folder.root}")


def hub_folder(data: Path | None, database_url: str | None) -> HubFolder:
    """The hub that the options name."""
    return HubFolder(data if data is not None else load_settings().home / "hub", database_url)


def _existing(folder: HubFolder) -> Engine:
    """The database of a hub that is there: a mistyped folder must not become a new hub."""
    if not folder.store.is_dir():
        raise UsageError(f"There is no hub in {folder.root}.", "Name its folder: --data DIR")
    return folder.open_engine()


def _open(data: Path | None, database_url: str | None) -> Hub:
    folder = hub_folder(data, database_url)
    return open_hub(_existing(folder), folder.store, "http://localhost", Limits())
