"""What a name means: which repository of which hub at which commit, and what the catalogue promises of it."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine

from zoo.checkpoint.slug import is_slug
from zoo.core.errors import UsageError

from . import queries
from .db.session import session_scope
from .errors import HubUnavailableError, NotOnHubError, NotPullableError
from .hub_client import HUGGING_FACE, client, hub_errors
from .records import CheckpointRecord, ModelRecord, RevisionRecord

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+\Z", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")

_WHERE = {
    "import": "Its authors host it themselves",
    "make": "It is not stored anywhere, but can be made again",
    "not_redistributable": "It may not be passed on, or was never published",
    "unknown": "Nobody recorded where it is",
}


class Target(NamedTuple):
    """What a user typed: a slug or Hub id, and the revision after ``@``."""

    name: str
    revision: str | None


@dataclass(frozen=True)
class Pin:
    """One immutable set of files: a 40-hex commit of a repository on a hub.

    ``checkpoint`` and ``file_sha256`` are the catalogue's promises, None where it does not know this commit.
    """

    endpoint: str
    repo_id: str
    commit: str
    token: str | None
    checkpoint: CheckpointRecord | None = None
    file_sha256: str | None = None


def parse_target(text: str, endpoint: str | None = None) -> Target:
    """A slug, ``namespace/name`` or the address of a repository on the hub, each with ``@revision`` or without.

    Raises :class:`~zoo.core.errors.UsageError` for anything else.

    >>> parse_target("org/name@v1")
    Target(name='org/name', revision='v1')
    """
    name, _, revision = text.strip().partition("@")
    for host in filter(None, (endpoint, HUGGING_FACE)):
        name = name.removeprefix(f"{host}/")
    if not (is_slug(name) or _HUB_ID.match(name)) or (revision == "" and "@" in text):
        raise UsageError(
            f"{text!r} names no model.", "Expected a slug (gmp/resnet50/0.90) or a Hub id (org/name), with @revision."
        )
    return Target(name, revision or None)


def resolve(text: str, *, engine: Engine, endpoint: str | None, token: str | None) -> Pin:
    """The commit that a name stands for.

    Slugs are looked up in the catalogue, Hub ids there too unless a revision is given; otherwise the hub is asked.
    Raises :class:`~registry.errors.UnknownRecordError` for an unknown slug,
    :class:`~registry.errors.NotPullableError` for a model that is on no hub, :class:`~registry.errors.HubError`.
    """
    target = parse_target(text, endpoint)
    with session_scope(engine) as session:
        model = queries.get_model(session, target.name)
        if model is None and is_slug(target.name):
            queries.model_id(session, target.name)  # raises, with the nearest name
    if model is not None and (model.availability != "hub" or model.hub_id is None):
        raise _not_pullable(model)
    repo_id = target.name if model is None or model.hub_id is None else model.hub_id
    known = _known(engine, model, repo_id, target.revision, endpoint)
    if known is not None:
        return _pin(known[0], known[1], endpoint, token)
    commit = _ask(repo_id, target.revision, endpoint, token)
    known = _known(engine, model, repo_id, commit, endpoint)
    if known is not None:
        return _pin(known[0], known[1], endpoint, token)
    return Pin(endpoint or HUGGING_FACE, repo_id, commit, token)


def _known(
    engine: Engine, model: ModelRecord | None, repo_id: str, revision: str | None, endpoint: str | None
) -> tuple[CheckpointRecord, RevisionRecord] | None:
    """The catalogue's revision: the newest for no revision, otherwise the one of that very commit."""
    if model is None or model.id is None or (revision is not None and not _COMMIT.match(revision)):
        return None
    with session_scope(engine) as session:
        if revision is not None:
            found = queries.find_revision(session, repo_id, revision)
            number = None if found is None else found.checkpoint_id
            checkpoint = None if number is None else queries.get_checkpoint(session, number)
            return None if found is None or checkpoint is None else (checkpoint, found)
        checkpoint = queries.checkpoint_of(session, model.id)
        if checkpoint is None or checkpoint.id is None:
            return None
        revisions = [row for row in queries.revisions_of(session, checkpoint.id) if row.hub_repo == repo_id]
    # The hub that is set comes first: the same commit may be known from a mirror.
    revisions.sort(key=lambda row: row.hub_endpoint != (endpoint or HUGGING_FACE))
    return (checkpoint, revisions[0]) if revisions else None


def _pin(checkpoint: CheckpointRecord, row: RevisionRecord, endpoint: str | None, token: str | None) -> Pin:
    # A token is a secret between its owner and one hub.
    mine = row.hub_endpoint == (endpoint or HUGGING_FACE)
    return Pin(row.hub_endpoint, row.hub_repo, row.commit_oid, token if mine else None, checkpoint, row.file_sha256)


def _ask(repo_id: str, revision: str | None, endpoint: str | None, token: str | None) -> str:
    if revision is not None and _COMMIT.match(revision):
        return revision
    api = client(endpoint, token)
    try:
        with hub_errors(api.endpoint, repo_id):
            commit = api.repo_info(repo_id, revision=revision).sha
    except HubUnavailableError as error:
        raise HubUnavailableError(
            error.message, f"Without a connection only pinned models can be had: {repo_id}@<40 hex digits>"
        ) from error
    if commit is None:
        raise NotOnHubError(f"{repo_id} on {api.endpoint} is empty.")
    return commit


def _not_pullable(model: ModelRecord) -> NotPullableError:
    where = _WHERE.get(model.availability, _WHERE["unknown"])
    return NotPullableError(
        f"{model.name} is on no hub (availability: {model.availability}).",
        f"{where}{f': {model.availability_detail}' if model.availability_detail else '.'}",
    )
