"""What a name means: which repository of which hub at which commit, and what the catalogue promises of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from zoo.checkpoint.slug import is_slug
from zoo.core.errors import UsageError

from .errors import HubUnavailableError, NotOnHubError, NotPullableError, UnknownRecordError
from .hub_client import HUGGING_FACE, client, hub_errors
from .records import CheckpointRecord, ModelRecord
from .sources import Entry, Holding, Source

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

    ``checkpoint`` and ``files`` (SHA-256 by name) are the catalogue's promises: None and empty where it does not know
    this commit.
    """

    endpoint: str
    repo_id: str
    commit: str
    token: str | None
    checkpoint: CheckpointRecord | None = None
    files: Mapping[str, str] = field(default_factory=dict)


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


def resolve(text: str, *, source: Source, endpoint: str | None, token: str | None) -> Pin:
    """The commit that a name stands for.

    The source is asked for slugs and Hub ids; for a Hub id or revision that it does not know, the hub.
    Raises :class:`~registry.errors.UnknownRecordError` for an unknown slug,
    :class:`~registry.errors.NotPullableError` for a model that is on no hub, :class:`~registry.errors.HubError`, and
    what the source raises when it cannot answer.
    """
    target = parse_target(text, endpoint)
    entry = _entry(source, target.name)
    if entry is not None and (entry.model.availability != "hub" or entry.model.hub_id is None):
        raise _not_pullable(entry.model)
    repo_id = target.name if entry is None or entry.model.hub_id is None else entry.model.hub_id
    hub = endpoint or HUGGING_FACE
    if target.revision is None and entry is not None and (newest := _newest(entry, repo_id, hub)):
        return _pin(newest, hub, token)
    commit = _ask(repo_id, target.revision, endpoint, token)
    known = source.holding(repo_id, commit)
    return Pin(hub, repo_id, commit, token) if known is None else _pin(known, hub, token)


def _entry(source: Source, name: str) -> Entry | None:
    try:
        return source.entry(name)
    except UnknownRecordError:
        if is_slug(name):
            raise
        return None  # a repository of anybody


def _newest(entry: Entry, repo_id: str, hub: str) -> Holding | None:
    """The commit recorded last; the hub that is set comes first: the same commit may be known from a mirror."""
    rows = sorted((row for row in entry.revisions if row.hub_repo == repo_id), key=lambda row: row.hub_endpoint != hub)
    if not rows or entry.checkpoint is None:
        return None
    first = (rows[0].hub_endpoint, rows[0].commit_oid)
    return Holding(entry.checkpoint, tuple(row for row in rows if (row.hub_endpoint, row.commit_oid) == first))


def _pin(known: Holding, hub: str, token: str | None) -> Pin:
    # Where a mirror has the same commit, the hub that is set comes first.
    row = min(known.files, key=lambda row: row.hub_endpoint != hub)
    promised = {file.file_name: file.file_sha256 for file in known.files if file.hub_endpoint == row.hub_endpoint}
    # A token is a secret between its owner and one hub.
    mine = token if row.hub_endpoint == hub else None
    return Pin(row.hub_endpoint, row.hub_repo, row.commit_oid, mine, known.checkpoint, promised)


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
