"""Publish model folders in tests, and look at what the catalogue and the hub then hold."""

from dataclasses import dataclass
from typing import Any

from hub_fixture import RunningHub
from huggingface_hub import HfApi
from sqlalchemy import Engine, delete, select

from registry import queries
from registry.db.models import Checkpoint, CheckpointRevision, Model
from registry.db.session import session_scope
from registry.publish import Published, publish
from registry.records import CheckpointRecord, ModelRecord, RevisionRecord
from registry.refresh import refresh
from zoo.checkpoint.folder import (
    CARD,
    CONFIG,
    PASSPORT,
    PICTURE,
    PROVENANCE,
    REPORT,
    SPARSE_WEIGHTS,
    WEIGHTS,
    ModelFolder,
)

FILES = {WEIGHTS, CONFIG, PROVENANCE, PASSPORT, CARD, REPORT}
SPARSE_FILES = FILES | {SPARSE_WEIGHTS, PICTURE}


@dataclass(frozen=True)
class Publisher:
    """The account of the test run, with a catalogue."""

    hub: RunningHub
    engine: Engine

    def __call__(self, folder: ModelFolder, **options: Any) -> Published:
        """Publish; ``options`` replace arguments of :func:`registry.publish.publish`."""
        hub = self.hub
        arguments = {"endpoint": hub.endpoint, "namespace": hub.namespace, "token": hub.token} | options
        return publish(folder.path, engine=self.engine, **arguments)

    def refresh(self, name: str, **options: Any) -> Published:
        """Write the card again."""
        arguments = {"endpoint": self.hub.endpoint, "token": self.hub.token} | options
        return refresh(name, engine=self.engine, **arguments)

    @property
    def anonymous(self) -> HfApi:
        """What a stranger sees."""
        return HfApi(endpoint=self.hub.endpoint, token=False)

    @property
    def owner(self) -> HfApi:
        """What the account may do."""
        return HfApi(endpoint=self.hub.endpoint, token=self.hub.token)

    def repo_id(self, folder: ModelFolder) -> str:
        """Where a folder is published."""
        return f"{self.hub.namespace}/{folder.provenance.slug.replace('/', '-')}"

    def rows(self, slug: str) -> tuple[ModelRecord, CheckpointRecord, list[RevisionRecord]] | None:
        """Model, checkpoint and revisions, newest first; None for a model that the catalogue does not know."""
        with session_scope(self.engine) as session:
            model = queries.get_model(session, slug)
            if model is None or model.id is None:
                return None
            checkpoint = queries.checkpoint_of(session, model.id)
            assert checkpoint is not None
            assert checkpoint.id is not None
            return model, checkpoint, queries.revisions_of(session, checkpoint.id)

    def forget(self, slug: str) -> None:
        """As if this catalogue had never heard of the model."""
        with session_scope(self.engine, write=True) as session:
            model = queries.model_id(session, slug)
            mine = select(Checkpoint.id).where(Checkpoint.model_id == model)
            session.execute(delete(CheckpointRevision).where(CheckpointRevision.checkpoint_id.in_(mine)))
            session.execute(delete(Checkpoint).where(Checkpoint.model_id == model))
            session.execute(delete(Model).where(Model.id == model))


class CutError(ConnectionError):
    """The power fails."""


def cut(*_: Any, **__: Any) -> Any:
    """In place of any function: nothing of it happens."""
    raise CutError("cut")
