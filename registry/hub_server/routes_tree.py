"""What a commit holds: trees, single paths, the list of large files."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from .access import Readable, TheHub, Writable, segment
from .answers import iso_time, page
from .errors import BadRequestError, EntryNotFoundError, RevisionNotFoundError
from .git import tree_oids
from .history import folders_of
from .hub import Hub
from .names import folder_path
from .parsing import bounded_body, json_object_from, query_flag
from .queries import history, objects
from .records import Commit, Entry, Repo
from .views import entry_item, folder_item, last_changes, newest_below

router = APIRouter()
_EXPANDED_HISTORY = 200  # commits looked at for "last changed in"; older ones are credited to the oldest of these
_MAX_PATHS = 10_000


@router.get("/api/{kind}/{namespace}/{name}/tree/{revision}")
def root(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The files and folders at the root."""
    return _tree(repo, request, hub, "")


@router.get("/api/{kind}/{namespace}/{name}/tree/{revision}/{folder:path}")
def below(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The files and folders below a folder; 404 when there is none."""
    return _tree(repo, request, hub, folder_path(segment(request, "folder")))


@router.post("/api/{kind}/{namespace}/{name}/paths-info/{revision}")
async def paths_info(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The same items for given paths; unknown ones are left out."""
    body = await bounded_body(request, hub.limits.json_bytes)
    paths, expand = _paths(request, body)
    return await run_in_threadpool(_items_of_paths, hub, repo, segment(request, "revision"), paths, expand=expand)


@router.get("/api/{kind}/{namespace}/{name}/lfs-files")
def large_files(repo: Writable, hub: TheHub) -> list[dict[str, Any]]:
    """Every large object that was uploaded to the repository."""
    with hub.reading() as session:
        rows = objects.large_files(session, repo.id)
    return [
        {
            "oid": sha256,
            "fileOid": sha256,
            "filename": path or "",
            "size": size,
            "pushedAt": iso_time(at_us),
            "ref": "refs/heads/main",
        }
        for sha256, size, at_us, path in rows
    ]


def commit_at(hub: Hub, repo: Repo, revision: str) -> Commit:
    """The commit that a revision means; raises :class:`RevisionNotFoundError`."""
    with hub.reading() as session:
        commit = history.resolve(session, repo.id, revision)
    if commit is None:
        raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
    return commit


def _tree(repo: Repo, request: Request, hub: Hub, folder: str) -> JSONResponse:
    commit = commit_at(hub, repo, segment(request, "revision"))
    with hub.reading() as session:
        entries = history.entries(session, commit.id, folder)
    if folder and not entries:
        raise EntryNotFoundError(f"{folder!a} does not exist on this revision.")
    changes = _changes(hub, repo, commit) if query_flag(request, "expand") else None
    items = _items(entries, folder, changes, recursive=query_flag(request, "recursive"))
    after = request.query_params.get("cursor")
    rest = [item for item in items if after is None or item["path"] > after]
    shown, size = rest[: hub.limits.page_entries], hub.limits.page_entries
    return page(hub, request, shown, shown[-1]["path"] if len(rest) > size else None)


def _items(
    entries: Sequence[Entry], folder: str, changes: dict[str, Commit] | None, *, recursive: bool
) -> list[dict[str, Any]]:
    """Items in path order; folders carry the id that git would give them."""
    start = len(folder) + 1 if folder else 0
    oids = tree_oids([Entry(e.path[start:], e.sha256, e.git_oid, e.size, e.is_lfs) for e in entries])
    known = changes or {}
    items = [
        entry_item(entry, known.get(entry.path)) for entry in entries if recursive or "/" not in entry.path[start:]
    ]
    for path in folders_of(entry.path[start:] for entry in entries):
        if recursive or "/" not in path:
            full = f"{folder}/{path}" if folder else path
            items.append(folder_item(full, oids[path], newest_below(known, full)))
    return sorted(items, key=lambda item: str(item["path"]))


def _items_of_paths(hub: Hub, repo: Repo, revision: str, paths: Sequence[str], *, expand: bool) -> JSONResponse:
    commit = commit_at(hub, repo, revision)
    with hub.reading() as session:
        entries = history.entries(session, commit.id)
    items = {item["path"]: item for item in _items(entries, "", None, recursive=True)}
    wanted = [path.strip("/") for path in dict.fromkeys(paths)]
    if expand:
        changes = _changes(hub, repo, commit)
        items = {item["path"]: item for item in _items(entries, "", changes, recursive=True)}
    return JSONResponse([items[path] for path in wanted if path in items])


def _changes(hub: Hub, repo: Repo, commit: Commit) -> dict[str, Commit]:
    with hub.reading() as session:
        line = history.ancestry(session, repo.id, commit)[:_EXPANDED_HISTORY]
        trees = history.file_oids(session, [each.id for each in line])
    return last_changes(trees, line)


def _paths(request: Request, body: bytes) -> tuple[list[str], bool]:
    """(paths, expand) of a form, which clients send, or of JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        value = json_object_from(body)
        paths, expand = value.get("paths"), value.get("expand") is True
    else:
        try:
            form = parse_qs(body.decode(), max_num_fields=_MAX_PATHS)
        except (UnicodeDecodeError, ValueError) as error:
            raise BadRequestError("The form cannot be read.") from error
        paths, expand = form.get("paths", []), form.get("expand", [""])[-1].lower() in ("1", "true")
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths) or len(paths) > _MAX_PATHS:
        raise BadRequestError(f"paths must be a list of at most {_MAX_PATHS} paths.")
    return paths, expand
