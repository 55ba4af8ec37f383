"""A repository of a hub as publishing sees it: looked at once, then changed by one commit or not at all.

The order makes a failure harmless. A new repository is hidden until it is complete; the commit holds every file; tag
and visibility follow. Whatever ends early leaves nothing half-visible, and the same call again completes it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from zoo.core.errors import UsageError

from .check import PICKLE_SUFFIXES
from .errors import CorruptDownloadError, HubConflictError, HubUnavailableError
from .hub_client import Digests, RemoteFile, files_of, matches, remote_digests

_TAG = re.compile(r"(?!.*\.\.)(?!.*\.lock$)(?![0-9a-f]{40}$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)\Z")


class Upload(NamedTuple):
    """A file that the commit must hold; ``content`` is None where the hub's own file stays."""

    content: Path | bytes | None
    digests: Digests


@dataclass(frozen=True)
class Repository:
    """The state that everything is compared with; ``head`` is None where there is no repository."""

    repo_id: str
    head: str | None = None
    private: bool = True
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class Written(NamedTuple):
    """The commit that holds the files, and whether it had to be made."""

    commit: str
    created: bool


def look(api: HfApi, repo_id: str) -> Repository:
    """The repository's head with its files and tags; nothing is written."""
    try:
        info = api.model_info(repo_id, files_metadata=True)
        refs = api.list_repo_refs(repo_id)
    except RepositoryNotFoundError:
        return Repository(repo_id)
    tags = {tag.name: tag.target_commit for tag in refs.tags}
    return Repository(repo_id, info.sha, bool(info.private), files_of(info), tags)


def write(
    api: HfApi,
    found: Repository,
    files: Mapping[str, Upload],
    *,
    stale: Iterable[str] = (),
    message: str,
    private: bool,
    tag: str | None = None,
) -> Written:
    """Make the head hold exactly ``files`` and none of ``stale`` or any pickle; other people's files stay.

    Raises :class:`~registry.errors.HubConflictError`, with nothing written, where the tag names another commit or
    somebody else committed since :func:`look`.
    """
    changes = _changes(found, files, stale)
    _refuse_taken_tag(found, tag, changed=bool(changes))
    if found.head is None:
        api.create_repo(found.repo_id, private=True, exist_ok=True)
        found = look(api, found.repo_id)
    elif private and not found.private:
        api.update_repo_settings(found.repo_id, private=True)
    with _conflicts(found.repo_id):
        commit = str(found.head)
        if changes:
            # The parent pins what was compared: a commit by somebody else in between is refused, not overwritten.
            with _uploads(found.repo_id):
                made = api.create_commit(found.repo_id, changes, commit_message=message, parent_commit=found.head)
            commit = made.oid
        _verify(api, found.repo_id, commit, files)
        if tag is not None and tag not in found.tags:
            api.create_tag(found.repo_id, tag=tag, revision=commit)
    if found.private and not private:
        api.update_repo_settings(found.repo_id, private=False)
    return Written(commit, bool(changes))


def fetch(api: HfApi, found: Repository, name: str, scratch: Path) -> Path:
    """A file of the head, below ``scratch``; raises :class:`~registry.errors.CorruptDownloadError`.

    The hub's own client compares sizes only.
    """
    path = Path(api.hf_hub_download(found.repo_id, name, revision=found.head, local_dir=scratch / f"head-{found.head}"))
    if not matches(path, found.files[name].digest):
        raise CorruptDownloadError(f"{name} of {found.repo_id}@{found.head} does not hash to what the hub names.")
    return path


def require_tag(tag: str | None) -> None:
    """Raise :class:`~zoo.core.errors.UsageError` for a name that no hub takes for a tag."""
    if tag is not None and (not _TAG.match(tag) or tag == "main"):
        raise UsageError(f"{tag!r} cannot name a release.", "Letters, digits, dots, hyphens, underscores: v1.0")


def pickles(found: Repository) -> list[str]:
    """Files of the head that can run code when they are opened."""
    return [name for name in found.files if Path(name).suffix.lower() in PICKLE_SUFFIXES]


def _changes(
    found: Repository, files: Mapping[str, Upload], stale: Iterable[str]
) -> list[CommitOperationAdd | CommitOperationDelete]:
    adds = [
        CommitOperationAdd(name, file.content)
        for name, file in files.items()
        if file.content is not None and (name not in found.files or found.files[name].digest not in file.digests[:2])
    ]
    gone = dict.fromkeys([*(name for name in stale if name in found.files), *pickles(found)])
    return [*adds, *(CommitOperationDelete(name) for name in gone)]


def _refuse_taken_tag(found: Repository, tag: str | None, *, changed: bool) -> None:
    target = found.tags.get(tag or "")
    if target is None or (target == found.head and not changed):
        return
    raise HubConflictError(
        f"{tag} of {found.repo_id} names commit {target[:10]} already, and these files are not that commit.",
        "A release never changes: choose another tag. Nothing was uploaded.",
    )


def _verify(api: HfApi, repo_id: str, commit: str, files: Mapping[str, Upload]) -> None:
    """Files may have changed while they were uploaded; then the passport beside them is not their own."""
    large = [name for name, file in files.items() if not isinstance(file.content, bytes)]
    stored = remote_digests(api, repo_id, commit, large) if large else {}
    for name in large:
        if stored.get(name) not in files[name].digests[:2]:
            raise CorruptDownloadError(
                f"{repo_id} holds other weights than the folder: expected SHA-256 {files[name].digests.sha256} of "
                f"{name}, found {stored.get(name)}.",
                "Leave the folder alone while it is published, then run the same command again.",
            )


@contextmanager
def _uploads(repo_id: str) -> Iterator[None]:
    """The client wraps what broke an upload: what it was decides what to say."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__cause__, Exception):
            raise error.__cause__ from None
        raise HubUnavailableError(
            f"Uploading to {repo_id} broke off: {str(error).splitlines()[0] if str(error) else 'no reason was given'}",
            "Run the same command again; nothing of it is visible until it is complete.",
        ) from error


@contextmanager
def _conflicts(repo_id: str) -> Iterator[None]:
    try:
        yield
    except HfHubHTTPError as error:
        if error.response.status_code not in (409, 412):
            raise
        raise HubConflictError(
            f"Somebody else changed {repo_id} while it was being published; their commit stands.",
            "Run the same command again: it starts from what is there now.",
        ) from error
