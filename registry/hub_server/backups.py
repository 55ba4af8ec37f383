"""A consistent copy of names and bytes while the hub serves, and the way back.

A backup is a hub's folder itself: ``hub.sqlite`` and ``store/blobs``. ``prunarium hub serve --data BACKUP`` serves it.
What was committed before the copy began is in it, whole; what was committed later is not in it at all.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from zoo.core.files import atomic_folder

from ..db.backup import write_backup
from ..db.restore import restore as restore_rows
from ..db.session import make_engine, session_scope
from .errors import BadRequestError, HubServeError
from .queries import objects
from .serving import HubFolder
from .store import BlobStore

_COPY_BYTES = 2**20


@dataclass(frozen=True)
class Copied:
    """A finished copy."""

    blobs: int
    bytes: int


def write_hub_backup(engine: Engine, store: Path, target: Path) -> Copied:
    """Write a backup to a new folder, every blob checked by its SHA-256; a failure leaves no folder.

    Raises :class:`HubServeError` when the folder exists, or for a blob that is missing or damaged.
    """
    if target.exists():
        raise HubServeError(f"{target} exists already.", "Name a new folder.")
    blobs = BlobStore(store)
    with atomic_folder(target) as temporary, blobs.collecting(exclusive=False):
        # Names first: whatever they speak of is in the store, and stays while nothing is collected.
        write_backup(engine, temporary / "hub.sqlite")
        (temporary / "hub.sqlite").chmod(0o600)  # the signing key is in it
        copied = _copy_blobs(blobs, BlobStore(temporary / "store"), _needed(temporary / "hub.sqlite"))
        with suppress(OSError):
            (temporary / "store" / "lock").unlink()
        return copied


def restore_hub(backup: Path, folder: HubFolder) -> Copied:
    """Bring a backup into a new hub (or an empty database); bytes first, so that no name comes without them.

    Raises :class:`HubServeError` when the folder holds a hub already, and as
    :func:`~registry.db.restore.restore` does.
    """
    names = backup / "hub.sqlite"
    if not names.is_file():
        raise HubServeError(f"{backup} is no backup of a hub.", "Name a folder that `prunarium hub backup` wrote.")
    if folder.store.exists():
        raise HubServeError(f"{folder.root} holds a hub already.", "Choose a new folder: --data DIR")
    folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied = _copy_blobs(BlobStore(backup / "store"), BlobStore(folder.store), _needed(names))
    engine = make_engine(folder.address)
    restore_rows(names, engine)
    engine.dispose()
    return copied


def _needed(names: Path) -> dict[str, int]:
    engine = make_engine(f"sqlite:///file:{names}?mode=ro&immutable=1&uri=true")
    try:
        with session_scope(engine) as session:
            return objects.every_blob(session)
    finally:
        engine.dispose()


def _copy_blobs(source: BlobStore, target: BlobStore, needed: Mapping[str, int]) -> Copied:
    for sha256, size in sorted(needed.items()):
        try:
            with source.path(sha256).open("rb") as file, target.spool(size) as spool:
                while data := file.read(_COPY_BYTES):
                    spool.write(data)
                target.keep(spool, sha256, size)
        except (FileNotFoundError, BadRequestError) as error:
            raise HubServeError(
                f"The blob {sha256} is missing or damaged.", "See what needs it: prunarium hub verify"
            ) from error
    return Copied(len(needed), sum(needed.values()))
