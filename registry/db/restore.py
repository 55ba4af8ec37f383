"""A backup's rows in place of a catalogue's, in one transaction: a reader sees the old ones or the new."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import Engine

from zoo.core.files import disk_errors, sha256_of_file

from ..errors import BackupError, CatalogueDamagedError, CatalogueError, NotACatalogueError
from .backup import write_backup
from .copying import catalogue_tables, has_rows, lock_tables, replace_rows
from .integrity import require_sound
from .schema import check_schema, is_empty, require_catalogue, upgrade
from .session import make_engine, mark_changed, session_scope, sqlite_file


@dataclass(frozen=True)
class Restored:
    """What a restore did: rows written, the backup's schema version, and where the rows that were replaced are kept."""

    rows: int
    schema_before: str
    schema: str
    sha256: str
    kept: Path | None


def restore(
    path: Path, engine: Engine, *, replace: bool = False, keep_in: Path | None = None, sha256: str | None = None
) -> Restored:
    """Put the rows of a backup into an empty catalogue, or with ``replace`` in place of another's.

    A missing catalogue is created. Replaced rows are kept as a backup in ``keep_in`` (beside a SQLite catalogue if left
    out). An older backup is upgraded on the way; ``path`` itself stays as it is. Whatever goes wrong, also the end of
    this process, leaves the catalogue as it was.

    Raises :class:`~registry.errors.BackupError` for a file that is no sound backup, that has not the expected
    ``sha256``, and for a catalogue with rows when ``replace`` is not set; :class:`~registry.errors.CatalogueError` for
    a catalogue that cannot be written or is of another schema.
    """
    digest = _require_file(path, sha256)
    with _working_copy(path) as (source, before):
        kept = _prepare(engine, replace)
        with session_scope(source) as old, session_scope(engine, write=True) as new:
            target = new.connection()
            tables = catalogue_tables(target)
            lock_tables(target, tables)
            if has_rows(target, tables):
                if not replace:
                    raise BackupError(
                        "The catalogue is not empty, and a restore would replace all of it.",
                        "To do so and keep the present rows as a backup: --replace",
                    )
                kept = write_backup(engine, _kept_path(engine, keep_in)).path
            rows = replace_rows(old.connection(), target, tables)
            mark_changed(new)
        return Restored(rows, before, check_schema(engine), digest, kept)


def _require_file(path: Path, sha256: str | None) -> str:
    if not path.is_file():
        raise BackupError(f"There is no file {path}.", "Name a file that `prunarium db backup` wrote.")
    with disk_errors(path):
        digest = sha256_of_file(path)
    if sha256 is not None and digest != sha256.strip().lower():
        raise BackupError(
            f"{path} has the SHA-256 {digest}, not {sha256.strip().lower()}.",
            "The file was changed or is another one: nothing was restored.",
        )
    return digest


@contextmanager
def _working_copy(path: Path) -> Iterator[tuple[Engine, str]]:
    """An engine on a sound copy with the code's schema, and the schema version that the file has."""
    with tempfile.TemporaryDirectory(prefix="prunarium-restore-") as folder:
        copy = Path(folder) / "backup.sqlite"
        with disk_errors(copy):
            shutil.copyfile(path, copy)
            log = path.with_name(path.name + "-wal")
            if log.is_file():  # a catalogue that somebody copied by hand
                shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
        engine = make_engine(f"sqlite:///{copy}")
        try:
            yield engine, _made_current(engine, path)
        finally:
            engine.dispose()


def _made_current(engine: Engine, path: Path) -> str:
    try:
        before = require_catalogue(engine)
        require_sound(engine)
        upgrade(engine)
    except NotACatalogueError as error:
        raise BackupError(f"{path} is no backup of a catalogue.", "Name a file of `prunarium db backup`.") from error
    except CatalogueDamagedError as error:
        raise BackupError(f"{path} is damaged or cut off: {error.message}", "Use another backup.") from error
    except CatalogueError as error:
        raise BackupError(f"{path}: {error.message}", error.hint) from error
    return before


def _prepare(engine: Engine, replace: bool) -> Path | None:
    """See that there is a catalogue of the code's schema to write to.

    An older one is refused: bringing it up to date is a step of its own, which can be looked at. A damaged SQLite file,
    from which no rows can be kept, is moved aside; its new place is returned.
    """
    file = sqlite_file(engine)
    try:
        if is_empty(engine):
            upgrade(engine)
        check_schema(engine)
        require_sound(engine)
    except CatalogueDamagedError:
        if not replace or file is None:
            raise
        engine.dispose()
        aside = _moved_aside(file)
        upgrade(engine)
        return aside
    return None


def _moved_aside(file: Path) -> Path:
    place = _first_free(file)
    file.replace(place)
    for suffix in ("-wal", "-shm"):
        log = file.with_name(file.name + suffix)
        if log.exists():
            log.replace(place.with_name(place.name + suffix))
    return place


def _kept_path(engine: Engine, keep_in: Path | None) -> Path:
    file = sqlite_file(engine)
    named = file.name if file is not None else "catalogue.sqlite"
    folder = keep_in or (file.parent if file is not None else Path.cwd())
    return _first_free(folder / named)


def _first_free(path: Path) -> Path:
    """``catalogue.before-restore-1.sqlite``, or the next number that is free."""
    candidates = (path.with_name(f"{path.stem}.before-restore-{number}{path.suffix}") for number in count(1))
    return next(candidate for candidate in candidates if not candidate.exists())
