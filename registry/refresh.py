"""A new card for a published model, after it was evaluated: a new commit of the same checkpoint, no weights sent."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.folder import CONFIG, PASSPORT, PROVENANCE
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.strict import read_json

from . import queries
from .card_facts import from_catalogue
from .cards import CardFacts
from .db.session import session_scope
from .errors import CorruptDownloadError, NotOnHubError, NotPullableError
from .hub_client import Digests, client, hub_errors
from .page import write_page
from .publish import Published, revisions, scratch_folder
from .records import CheckpointRecord, ModelRecord, RevisionRecord
from .repository import Repository, Upload, fetch, look, require_tag, write


@dataclass(frozen=True)
class _Known:
    """What the catalogue says is at the newest commit of a model on one hub."""

    model: ModelRecord
    checkpoint: CheckpointRecord
    files: tuple[RevisionRecord, ...]

    @property
    def repo_id(self) -> str:
        return self.files[0].hub_repo


def refresh(name: str, *, engine: Engine, endpoint: str | None, token: str | None, tag: str | None = None) -> Published:
    """Write card, picture, report and evaluation results of a published model again, from what the catalogue knows now.

    ``name`` is a slug or Hub id. The weights stay where they are and are not transferred; earlier commits can be
    pulled as before. Raises :class:`~registry.errors.UnknownRecordError`,
    :class:`~registry.errors.NotPullableError` for a model that was not published on this hub,
    :class:`~registry.errors.CorruptDownloadError` where the head holds other weights than the catalogue says, and
    what :func:`registry.publish.publish` raises.
    """
    require_tag(tag)
    api = client(endpoint, token)
    known = _known(engine, name, api.endpoint)
    with scratch_folder() as scratch, hub_errors(api.endpoint, known.repo_id):
        found = look(api, known.repo_id)
        weights = _weights(found, known)
        facts = _facts(api, found, known, engine, scratch)
        page = write_page(api, found, facts, scratch)
        message = f"Refresh the card of {known.model.name}"
        done = write(
            api, found, {**weights, **page.uploads}, stale=page.stale, message=message, private=found.private, tag=tag
        )
    with session_scope(engine, write=True) as session:
        for revision in revisions(api, known.repo_id, done.commit, weights):
            queries.register_revision(session, known.checkpoint.id or 0, revision)
    return Published(
        known.model.name, known.repo_id, done.commit, done.created, facts.passport.densified_hash, tag, page.notes
    )


def published_on(engine: Engine, endpoint: str | None, namespace: str) -> list[str]:
    """The names of the models of ``namespace`` that the catalogue has on this hub, in its order."""
    api = client(endpoint, None)
    with session_scope(engine) as session:
        mine = (model for model in queries.list_models(session) if (model.hub_id or "").startswith(f"{namespace}/"))
        return [model.name for model in mine if _newest(session, model, api.endpoint) is not None]


def _known(engine: Engine, name: str, endpoint: str) -> _Known:
    with session_scope(engine) as session:
        queries.model_id(session, name)  # raises, with the nearest name
        model = queries.get_model(session, name)
        found = None if model is None else _newest(session, model, endpoint)
    if model is None or found is None:
        raise NotPullableError(
            f"{name} was not published on {endpoint}.", "Publish its folder: prunarium publish FOLDER"
        )
    return _Known(model, *found)


def _newest(
    session: Session, model: ModelRecord, endpoint: str
) -> tuple[CheckpointRecord, tuple[RevisionRecord, ...]] | None:
    checkpoint = None if model.id is None else queries.checkpoint_of(session, model.id)
    if checkpoint is None or checkpoint.id is None:
        return None
    mine = [row for row in queries.revisions_of(session, checkpoint.id) if row.hub_endpoint == endpoint]
    newest = next((row for row in mine if row.hub_repo == model.hub_id), None)
    if newest is None:
        return None
    same = [row for row in mine if (row.hub_repo, row.commit_oid) == (newest.hub_repo, newest.commit_oid)]
    return checkpoint, tuple(same)


def _weights(found: Repository, known: _Known) -> dict[str, Upload]:
    """The recorded files, which must be those of the head: a card tells of the weights beside it."""
    if found.head is None:
        raise NotOnHubError(
            f"{known.repo_id} is gone from the hub.", "Publish its folder again: prunarium publish FOLDER"
        )
    for row in known.files:
        there = found.files.get(row.file_name)
        if there is None or there.digest != row.file_sha256:
            raise CorruptDownloadError(
                f"{row.file_name} at the head of {known.repo_id} is not the file that the catalogue knows.",
                "Publish the folder of these weights, or pull and check what is there.",
            )
    return {row.file_name: Upload(None, Digests(row.file_sha256, "", row.size_bytes)) for row in known.files}


def _facts(api: HfApi, found: Repository, known: _Known, engine: Engine, scratch: Path) -> CardFacts:
    documents = {}
    for name in (CONFIG, PROVENANCE, PASSPORT):
        if name not in found.files:
            raise NotOnHubError(f"{known.repo_id} has no {name}.", "Publish its folder again: prunarium publish FOLDER")
        documents[name] = read_json(fetch(api, found, name, scratch))
    provenance = Provenance.from_dict(documents[PROVENANCE], PROVENANCE)
    passport = Passport.from_json(documents[PASSPORT], PASSPORT)
    if passport.densified_hash != known.checkpoint.densified_hash:
        raise CorruptDownloadError(
            f"{PASSPORT} of {known.repo_id} is not about the weights that the catalogue knows.",
            "Publish its folder again: prunarium publish FOLDER",
        )
    with session_scope(engine) as session:
        entry = from_catalogue(session, provenance, passport, known.repo_id.partition("/")[0])
    return CardFacts(
        repo_id=known.repo_id,
        config=ModelConfig.from_dict(documents[CONFIG], CONFIG),
        provenance=provenance,
        passport=passport,
        report=entry.report,
        parent=entry.parent,
        data=entry.data,
        sizes={row.file_name: row.size_bytes for row in known.files},
    )
