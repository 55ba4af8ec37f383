"""Where the files of a checkpoint come from: a hub, verified, or a folder of model folders."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from registry import queries
from registry.db.session import session_scope
from registry.settings import Settings
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import measure
from zoo.core.errors import UsageError

from .errors import ModelUnavailableError

Source = Callable[[int], Path]
"""The number of a checkpoint -> a model folder whose weights have been verified to be that checkpoint's.

Raises :class:`ModelUnavailableError` where there is none.
"""

Identity = tuple[str, str, str]


def hub_source(engine: Engine, settings: Settings) -> Source:
    """Pull the newest revision of a checkpoint from the hub that its row names, through the verified cache."""

    def fetch(checkpoint_id: int) -> Path:
        from registry.pull import pull

        with session_scope(engine) as session:
            revisions = queries.revisions_of(session, checkpoint_id)
        allowed = settings.hubs
        newest = next((row for row in revisions if row.hub_endpoint in allowed), None)
        if newest is None:
            elsewhere = sorted({row.hub_endpoint for row in revisions})
            raise ModelUnavailableError(
                f"Checkpoint {checkpoint_id} is on no hub that is asked here"
                + (f", only on {', '.join(elsewhere)}." if elsewhere else "."),
                "Publish it (prunarium publish DIR), set PRUNARIUM_HUB, or name its folder: --folders DIR.",
            )
        # A token is for one hub and is shown to no other.
        token = settings.hub_token if newest.hub_endpoint == settings.hub_endpoint else None
        target = f"{newest.hub_repo}@{newest.commit_oid}"
        return pull(target, engine=engine, endpoint=newest.hub_endpoint, token=token).path

    return fetch


def folder_source(engine: Engine, folders: Path) -> Source:
    """Look a checkpoint up among the model folders in ``folders``, by what their weights hash to, never by name.

    Raises :class:`UsageError` if there is no such folder.
    """
    if not folders.is_dir():
        raise UsageError(f"{folders} is no folder.", "Name the folder that holds the model folders.")
    known = {identity: path for path in sorted(folders.iterdir()) if (identity := identity_of(path)) is not None}

    def find(checkpoint_id: int) -> Path:
        with session_scope(engine) as session:
            record = queries.get_checkpoint(session, checkpoint_id)
        if record is None:
            raise ModelUnavailableError(f"The catalogue has no checkpoint {checkpoint_id}.")
        identity = (record.densified_hash, record.architecture, record.preprocessing_hash)
        if identity not in known:
            raise ModelUnavailableError(
                f"None of the {len(known)} model folders in {folders} holds checkpoint {record.densified_hash[:15]}.",
                "Leave --folders out to pull it from its hub.",
            )
        return known[identity]

    return find


def identity_of(path: Path) -> Identity | None:
    """(densified hash, architecture, preprocessing hash) of a model folder; None for anything else."""
    try:
        folder = read_folder(path)
        passport = measure(folder.weights, folder.config)
    except CheckpointError:
        return None
    return passport.densified_hash, folder.config.architecture, folder.config.preprocessing.hash()
