"""The hub as its own client shows it: plain ``huggingface_hub`` calls, and its many errors as a few of ours."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import HfApi, ModelInfo, RepoFile
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from zoo.core.errors import UsageError
from zoo.core.files import sha256_of_file

from .addresses import HUGGING_FACE
from .errors import HubAccessError, HubError, HubUnavailableError, NotOnHubError

# The root of the transport's errors; the client has changed its HTTP library before (requests, httpx, httpx2).
_TRANSPORT_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

_REFUSED = (401, 403)
_SHA256_DIGITS = 64


class Digests(NamedTuple):
    """A file under both of the names that a hub may give its content."""

    sha256: str
    git_sha1: str
    size_bytes: int


class RemoteFile(NamedTuple):
    """What a hub says of a file: SHA-256 (64 hex digits) or the git blob's SHA-1 (40), and its size in bytes."""

    digest: str
    size_bytes: int


def client(endpoint: str | None, token: str | None) -> HfApi:
    """The client of one hub; without a token it stays anonymous, because the environment's may be for another host."""
    return HfApi(endpoint=endpoint or HUGGING_FACE, token=token or False, library_name="prunarium")


def digests_of(content: Path | bytes) -> Digests:
    """SHA-256 (files in LFS) and the git blob's SHA-1 (all others), in one pass over the content."""
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    sha256, git_sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for chunk in _chunks(content):
        sha256.update(chunk)
        git_sha1.update(chunk)
    return Digests(sha256.hexdigest(), git_sha1.hexdigest(), size)


def matches(path: Path, digest: str) -> bool:
    """Whether a file has a digest that a hub names: 64 hex digits are SHA-256, 40 a git blob's SHA-1."""
    if len(digest) == _SHA256_DIGITS:
        return sha256_of_file(path) == digest
    return digest in digests_of(path)[:2]


def files_of(info: ModelInfo) -> dict[str, RemoteFile]:
    """What the hub says of a commit's files, by name; ``info`` is to be asked for with ``files_metadata``."""
    return {
        file.rfilename: RemoteFile((file.lfs.sha256 if file.lfs else file.blob_id) or "", file.size or 0)
        for file in info.siblings or ()
    }


def remote_digests(api: HfApi, repo_id: str, revision: str, paths: list[str]) -> Mapping[str, str]:
    """What the hub says each file hashes to, by path; files that are not there are left out."""
    with hub_errors(api.endpoint, repo_id):
        found = api.get_paths_info(repo_id, paths, revision=revision)
    files = [entry for entry in found if isinstance(entry, RepoFile)]
    return {entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id for entry in files}


@contextmanager
def hub_errors(endpoint: str | None, repo_id: str) -> Iterator[None]:
    """Turn what the client raises into :class:`~registry.errors.HubError` with the next thing to do."""
    where = endpoint or HUGGING_FACE
    try:
        yield
    except HFValidationError as error:
        raise UsageError(f"{repo_id!r} is no Hub id: {error}", "Expected namespace/name.") from error
    except GatedRepoError as error:
        raise refusal(error.response.status_code, "GatedRepo", "", where, repo_id) from error
    except OfflineModeIsEnabled as error:
        raise offline(where) from error
    except LocalEntryNotFoundError as error:
        raise unavailable(where) from error
    except RevisionNotFoundError as error:
        raise refusal(404, "RevisionNotFound", _server_message(error), where, repo_id) from error
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise refusal(404, "", _server_message(error), where, repo_id) from error
    except HfHubHTTPError as error:
        raise refusal(error.response.status_code, "", _server_message(error), where, repo_id) from error
    except (_TRANSPORT_ERROR, ConnectionError, TimeoutError) as error:
        raise unavailable(where) from error


def refusal(status: int, code: str, said: str, where: str, repo_id: str) -> HubError:
    """What a status of the hub ``where`` means, with the hub's own error ``code`` and what it ``said``."""
    if code == "GatedRepo":
        hint = "Ask for access on its page, then pull with your token: set PRUNARIUM_HUB_TOKEN."
        return HubAccessError(f"{repo_id} on {where} is gated: its owner decides who may have it.", hint)
    said = said.rstrip(".")
    if code == "RevisionNotFound":
        hint = "Leave @revision out for the newest, or name a branch, a tag or a commit of its page."
        return NotOnHubError(f"{repo_id} on {where} has no such revision ({said}).", hint)
    if status == 404 or code == "RepoNotFound":
        message = f"{where} has no such repository, revision or file: {repo_id} ({said})."
        return NotOnHubError(message, "A private repository needs a token: set PRUNARIUM_HUB_TOKEN.")
    if status in _REFUSED:
        hint = (
            "Set PRUNARIUM_HUB_TOKEN (or HF_TOKEN) to a token that may do this; of a hub of your own: "
            "prunarium hub token NAME"
        )
        return HubAccessError(f"{where} refuses ({status}) for {repo_id}: {said}.", hint)
    if status >= 500 or status == 429:
        return HubUnavailableError(f"{where} failed ({status}): {said}.", "Try again later.")
    return HubError(f"{where} answered {status} for {repo_id}: {said}.", "Run the same command again.")


def offline(where: str) -> HubUnavailableError:
    """The hub may not be asked."""
    return HubUnavailableError(
        f"HF_HUB_OFFLINE is set, so {where} is not asked, and what is wanted is not in the cache, or is damaged there.",
        "Unset HF_HUB_OFFLINE, then run the same command again.",
    )


def unavailable(where: str) -> HubUnavailableError:
    """The hub cannot be reached."""
    return HubUnavailableError(
        f"{where} cannot be reached.", "Check PRUNARIUM_HUB and the connection, then run the same command again."
    )


def _server_message(error: Exception) -> str:
    text = getattr(error, "server_message", None) or str(error)
    return str(text).strip().splitlines()[0].rstrip(".") if str(text).strip() else type(error).__name__


def _chunks(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(2**20):
            yield chunk
