"""``prunarium db upgrade|check|backup|restore``, on the local catalogue."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, say

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = command_group("Upgrade, check, back up and restore the catalogue.")


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Create the catalogue, or bring an older one to this version's schema."""
    from .db.schema import upgrade as run
    from .db.session import make_engine
    from .settings import load_settings

    settings = load_settings()
    before, after = run(make_engine(settings.database_url))
    if as_json:
        emit_json({"schema_before": before, "schema_after": after, "changed": before != after})
    elif before == after:
        say(f"The catalogue has schema {after} already.")
    else:
        say(f"The catalogue has schema {after} now (before: {before or 'none'}).")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check that the catalogue fits this version and that its file is sound."""
    from .db.integrity import require_sound
    from .db.schema import check_schema
    from .db.session import make_engine
    from .settings import load_settings

    engine = make_engine(load_settings().database_url)
    version = check_schema(engine)
    require_sound(engine)
    if as_json:
        emit_json({"schema": version, "sound": True})
    else:
        say(f"The catalogue has schema {version} and is sound.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")], as_json: AsJson = False
) -> None:
    """Copy the catalogue, while it is in use, to one file that restores to SQLite and to PostgreSQL."""
    from .db.backup import write_backup
    from .db.session import make_engine
    from .settings import load_settings

    done = write_backup(make_engine(load_settings().database_url), file)
    if as_json:
        emit_json({**vars(done), "path": str(done.path)})
    else:
        say(f"{done.path}: {done.size_bytes:,} bytes, schema {done.schema}, checked.")
        say(f"sha256 {done.sha256}")
        say(f"Restore it: prunarium db restore {done.path}    (models and predictions are files of their own)")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file of `prunarium db backup`, of this schema or an older one.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a catalogue with rows; they are kept as a backup beside it.")
    ] = False,
    sha256: Annotated[str | None, typer.Option(help="Refuse the file if its SHA-256 is another.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup's rows into an empty catalogue, or with --replace in place of the present ones: all or nothing."""
    from .db.restore import restore as run
    from .db.session import make_engine, sqlite_file
    from .settings import load_settings

    settings = load_settings()
    engine = make_engine(settings.database_url)
    keep_in = None if sqlite_file(engine) is not None else settings.home
    done = run(file, engine, replace=replace, keep_in=keep_in, sha256=sha256)
    if as_json:
        emit_json({**vars(done), "kept": None if done.kept is None else str(done.kept)})
        return
    upgraded = "" if done.schema == done.schema_before else f" (the backup had {done.schema_before})"
    say(f"{done.rows:,} rows restored, schema {done.schema}{upgraded}.")
    if done.kept is not None:
        say(f"What was there before: {done.kept}")
