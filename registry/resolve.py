"""What a name means: which repository of which hub at which commit, and what the catalogue promises of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from huggingface_hub import HfApi

from zoo.checkpoint.slug import is_slug

from .addresses import HUGGING_FACE, is_commit, parse_address
from .availability import explanation, how_to_get
from .errors import HubUnavailableError, NotOnHubError, NotPullableError, UnknownRecordError
from .hub_client import client, hub_errors
from .records import CheckpointRecord, ModelRecord
from .sources import Entry, Holding, Source

_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,39}")


@dataclass(frozen=True)
class Pin:
    """One immutable set of files: a 40-hex commit of a repository on a hub.

    ``checkpoint`` and ``files`` (SHA-256 by name) are the catalogue's promises: None and empty where it does not know
    this commit.
    """

    endpoint: str
    repo_id: str
    commit: str
    token: str | None = field(repr=False)
    checkpoint: CheckpointRecord | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def resolve(text: str, *, source: Source, endpoint: str | None, token: str | None) -> Pin:
    """The commit that a name stands for.

    The source is asked for slugs and Hub ids; for a Hub id or revision that it does not know, the hub: the one that an
    address names, otherwise ``endpoint``, which alone may see ``token``.
    Raises :class:`~registry.errors.UnknownRecordError` for an unknown slug,
    :class:`~registry.errors.NotPullableError` for a model that is on no hub, :class:`~registry.errors.HubError`, and
    what the source raises when it cannot answer.
    """
    target = parse_address(text, endpoint)
    home = endpoint or HUGGING_FACE
    hub = target.endpoint or home
    mine = token if hub == home else None
    entry = _entry(source, target.name)
    if entry is not None and (entry.model.availability != "hub" or entry.model.hub_id is None):
        raise _not_pullable(entry.model)
    repo_id = target.name if entry is None or entry.model.hub_id is None else entry.model.hub_id
    newest = None if entry is None else _newest(entry, repo_id, hub, only=target.endpoint is not None)
    if target.revision is None and newest is not None:
        return _pin(newest, home, token)
    commit = _ask(repo_id, target.revision, hub, mine, newest)
    known = source.holding(repo_id, commit)
    if known is None:
        return Pin(hub, repo_id, commit, mine)
    pin = _pin(known, hub, mine)
    # A commit is the same files on every hub, but an address, or the hub that was asked, says from where they come.
    chosen = target.endpoint is not None or target.revision != commit
    return replace(pin, endpoint=hub, token=mine) if chosen else pin


def _entry(source: Source, name: str) -> Entry | None:
    try:
        return source.entry(name)
    except UnknownRecordError as error:
        if is_slug(name):
            hint = f"{f'{error.hint} ' if error.hint else ''}Find models with: prunarium search"
            raise UnknownRecordError(error.message, hint) from error
        return None  # a repository of anybody


def _newest(entry: Entry, repo_id: str, hub: str, *, only: bool) -> Holding | None:
    """The commit recorded last, on this hub first: the same commit may be known from a mirror. ``only``: or nowhere."""
    held = (row for row in entry.revisions if row.hub_repo == repo_id and (row.hub_endpoint == hub or not only))
    rows = sorted(held, key=lambda row: row.hub_endpoint != hub)
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


def _ask(repo_id: str, revision: str | None, hub: str, token: str | None, newest: Holding | None) -> str:
    if revision is not None and is_commit(revision):
        return revision
    api = client(hub, token)
    try:
        with hub_errors(hub, repo_id):
            commit = api.repo_info(repo_id, revision=revision).sha
    except NotOnHubError:
        commit = None if revision is None else _whole_commit(api, hub, repo_id, revision)
        if commit is None:
            raise
    except HubUnavailableError as error:
        known = f"{newest.files[0].commit_oid} is the last one in the catalogue" if newest else "40 hex digits"
        hint = f"Without a connection only a commit can be had: {repo_id}@COMMIT ({known})."
        raise HubUnavailableError(error.message, hint) from error
    if commit is None or not is_commit(commit):
        raise NotOnHubError(f"{repo_id} on {hub} has no commit yet.")
    return commit


def _whole_commit(api: HfApi, hub: str, repo_id: str, start: str) -> str | None:
    """The one commit of the main branch that begins so; tables print the first ten digits."""
    if not _SHORT_COMMIT.fullmatch(start):
        return None
    with hub_errors(hub, repo_id):
        found = {one.commit_id for one in api.list_repo_commits(repo_id) if one.commit_id.startswith(start)}
    return found.pop() if len(found) == 1 else None


def _not_pullable(model: ModelRecord) -> NotPullableError:
    access = how_to_get(model, published=False)
    return NotPullableError(
        f"{model.name} is on no hub (availability: {model.availability}).", f"{access.sentence}\n{explanation(access)}"
    )
