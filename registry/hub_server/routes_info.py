"""Describe one repository, list many."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from .access import MaybeCaller, Readable, TheHub, kind_of, segment
from .answers import page
from .contents import card_of, config_of, evaluations_of
from .errors import BadRequestError, RevisionNotFoundError
from .hub import Hub
from .parsing import query_count, query_flag, query_text
from .queries import history, repos
from .records import Commit, Entry, Repo
from .views import repo_summary, sibling

router = APIRouter()


@router.get("/api/{kind}/{namespace}/{name}")
def describe(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The repository at the head of ``main``."""
    return _described(hub, repo, "main", blobs=query_flag(request, "blobs"))


@router.get("/api/{kind}/{namespace}/{name}/revision/{revision}")
def describe_revision(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The repository at a revision."""
    return _described(hub, repo, segment(request, "revision"), blobs=query_flag(request, "blobs"))


@router.get("/api/{kind}")
def search(request: Request, caller: MaybeCaller, hub: TheHub) -> JSONResponse:
    """Repositories that match, newest first, a page at a time."""
    query = request.query_params
    wanted = repos.Search(
        kind_of(request),
        seen=caller.namespaces if caller else (),
        author=query_text(request, "author"),
        text=query_text(request, "search"),
        gated=query_flag(request, "gated") if "gated" in query else None,
        by_creation=query.get("sort") == "createdAt",
    )
    limit = query_count(request, "limit", hub.limits.page_repos, hub.limits.page_repos)
    tags = {*query.getlist("filter"), *query.getlist("pipeline_tag")}
    full = query_flag(request, "full") or query_flag(request, "cardData") or "expand" in query
    items: list[dict[str, Any]] = []
    key: str | None = None
    for repo, item in _summaries(hub, wanted, cursor_key(query.get("cursor")), tags, full=full):
        if len(items) == limit:
            return page(hub, request, items, key)
        items.append(item)
        key = cursor_text(repo.created_us if wanted.by_creation else repo.updated_us, repo.id)
    return page(hub, request, items, None)


def _summaries(
    hub: Hub, wanted: repos.Search, after: tuple[int, int] | None, tags: set[str], *, full: bool
) -> Iterator[tuple[Repo, dict[str, Any]]]:
    with hub.reading() as session:
        for repo in repos.search_repos(session, wanted, after, batch=hub.limits.page_repos):
            head = history.resolve(session, repo.id, "main")
            readme = history.entry(session, head.id, "README.md") if head else None
            card = card_of(hub, readme)
            item = repo_summary(repo, head, card)
            if not tags <= set(item["tags"]):
                continue
            if full and head:
                item["siblings"] = [sibling(entry, blobs=False) for entry in history.entries(session, head.id)]
                item["cardData"] = card.data
            yield repo, item


def _described(hub: Hub, repo: Repo, revision: str, *, blobs: bool) -> JSONResponse:
    with hub.reading() as session:
        commit = history.resolve(session, repo.id, revision)
        if commit is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
        entries = history.entries(session, commit.id)
    return JSONResponse(_description(hub, repo, commit, entries, blobs=blobs))


def _description(hub: Hub, repo: Repo, commit: Commit, entries: list[Entry], *, blobs: bool) -> dict[str, Any]:
    by_path = {entry.path: entry for entry in entries}
    card = card_of(hub, by_path.get("README.md"))
    item = repo_summary(repo, commit, card)
    item["cardData"] = card.data
    item["siblings"] = [sibling(entry, blobs=blobs) for entry in entries]
    item["usedStorage"] = sum({entry.sha256: entry.size for entry in entries}.values())
    if repo.kind == "models":
        item["config"] = config_of(hub, by_path.get("config.json"))
        item["evalResults"] = evaluations_of(hub, entries)
        if "model-index" in card.data:
            item["model-index"] = card.data["model-index"]
    return item


def cursor_text(at_us: int, repo_id: int) -> str:
    """Where the next page of a listing begins, as text for an address."""
    return base64.urlsafe_b64encode(f"{at_us}.{repo_id}".encode()).decode()


def cursor_key(cursor: str | None) -> tuple[int, int] | None:
    """What :func:`cursor_text` wrote; raises :class:`BadRequestError` for anything else."""
    if cursor is None:
        return None
    try:
        at_us, _, repo_id = base64.urlsafe_b64decode(cursor[:100]).decode().partition(".")
        key = int(at_us), int(repo_id)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("The cursor is not one of ours.") from error
    if max(key) >= 2**63:
        raise BadRequestError("The cursor is not one of ours.")
    return key
