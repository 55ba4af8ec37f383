"""Files by revision and path: HEAD for what a client must know, GET (with ranges) for the bytes."""

import re
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from .access import Open, TheHub, segment
from .errors import EntryNotFoundError, MissingError, RevisionNotFoundError
from .hub import Hub
from .names import file_path
from .queries import history
from .records import Commit, Entry, Repo

router = APIRouter()
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


@router.api_route("/datasets/{namespace}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
@router.api_route("/{namespace}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
def resolve(repo: Open, request: Request, hub: TheHub) -> Response:
    """The file, or what HEAD says of it. Ranges as in RFC 9110, one per request."""
    commit, entry = _find(hub, repo, segment(request, "revision"), file_path(segment(request, "path")))
    if hub.blobs.size(entry.sha256) != entry.size:
        raise MissingError("The content of this file is lost or damaged.", "Upload it again.")
    _keep_single_range(request)
    return FileResponse(
        hub.blobs.path(entry.sha256),
        # Text stays readable in a browser; nothing is served as a type that a browser would run.
        media_type="application/octet-stream" if entry.is_lfs else "text/plain",
        headers=_headers(commit, entry),
    )


def _find(hub: Hub, repo: Repo, revision: str, path: str) -> tuple[Commit, Entry]:
    with hub.reading() as session:
        commit = history.resolve(session, repo.id, revision)
        if commit is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
        entry = history.entry(session, commit.id, path)
    if entry is None:
        # With the commit, so that clients can note for ever that this commit has no such file.
        raise EntryNotFoundError("Entry not found", headers={"X-Repo-Commit": commit.oid})
    return commit, entry


def _headers(commit: Commit, entry: Entry) -> dict[str, str]:
    headers = {
        "ETag": f'"{entry.etag}"',
        "X-Repo-Commit": commit.oid,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(entry.path.rpartition('/')[2], safe='')}",
        "Vary": "Authorization",
    }
    if entry.is_lfs:
        headers |= {"X-Linked-Size": str(entry.size), "X-Linked-Etag": f'"{entry.etag}"'}
    return headers


def _keep_single_range(request: Request) -> None:
    """Drop a Range header that is not one simple range: ignoring it is allowed, a list of a thousand is an attack."""
    value = request.headers.get("range")
    if value is None or (_RANGE.match(value) and value != "bytes=-"):
        return
    request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
