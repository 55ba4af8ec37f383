"""Branches, tags, history."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..db.session import now_us
from .access import JsonBody, Readable, SignedIn, TheHub, Writable, lock_repo, segment
from .answers import page
from .committing import branch_name
from .errors import BadRequestError, ConflictError, RevisionNotFoundError
from .history import make_commit
from .names import short_ref
from .parsing import query_count, query_flag, text_field
from .queries import history, repos
from .queries.history import CONVERTS, HEADS, PULLS, TAGS
from .records import Ref
from .routes_tree import commit_at
from .views import commit_item

router = APIRouter()

_KINDS = {"branches": HEADS, "tags": TAGS, "converts": CONVERTS}


@router.get("/api/{kind}/{namespace}/{name}/refs")
def refs(repo: Readable, request: Request, hub: TheHub) -> dict[str, Any]:
    """All references and where they point."""
    with hub.reading() as session:
        found = history.list_refs(session, repo.id)
    answer = {name: _named(found, prefix) for name, prefix in _KINDS.items()}
    if query_flag(request, "include_prs"):
        answer["pullRequests"] = _named(found, PULLS)
    return answer


@router.get("/api/{kind}/{namespace}/{name}/commits/{revision}")
def commits(repo: Readable, request: Request, hub: TheHub) -> JSONResponse:
    """The history of a revision, newest first."""
    head = commit_at(hub, repo, segment(request, "revision"))
    limit = query_count(request, "limit", hub.limits.page_entries, hub.limits.page_entries)
    with hub.reading() as session:
        line = history.ancestry(session, repo.id, head)
    oids = [commit.oid for commit in line]
    after = request.query_params.get("cursor")
    start = oids.index(after) + 1 if after in oids else 0
    shown = line[start : start + limit]
    return page(hub, request, [*map(commit_item, shown)], shown[-1].oid if start + limit < len(line) else None)


@router.post("/api/{kind}/{namespace}/{name}/branch/{branch:path}")
def create_branch(repo: Writable, request: Request, body: JsonBody, hub: TheHub) -> dict[str, Any]:
    """A new branch at ``startingPoint`` (default: the head of ``main``)."""
    branch = segment(request, "branch")
    name = _branch(branch)
    start = text_field(body, "startingPoint", most=300, default="main")
    with hub.writing() as session:
        lock_repo(session, repo)
        _refuse_taken(history.list_refs(session, repo.id), branch)
        commit = history.resolve(session, repo.id, start)
        if commit is None:
            raise RevisionNotFoundError(f"Invalid rev id: {start[:100]!a}")
        history.set_ref(session, repo.id, name, commit.oid)
    return {}


@router.delete("/api/{kind}/{namespace}/{name}/branch/{branch:path}")
def delete_branch(repo: Writable, request: Request, hub: TheHub) -> dict[str, Any]:
    """Forget a branch; never ``main``."""
    branch = segment(request, "branch")
    if branch == "main":
        raise BadRequestError("The branch main cannot be deleted.")
    with hub.writing() as session:
        lock_repo(session, repo)
        if not history.remove_ref(session, repo.id, _branch(branch)):
            raise RevisionNotFoundError(f"There is no branch {branch[:100]!a}.")
    return {}


@router.post("/api/{kind}/{namespace}/{name}/tag/{revision:path}")
def create_tag(repo: Writable, request: Request, body: JsonBody, hub: TheHub) -> dict[str, Any]:
    """A new tag at the revision of the address; tags never move."""
    tag = short_ref(text_field(body, "tag", most=300))
    revision = segment(request, "revision")
    with hub.writing() as session:
        lock_repo(session, repo)
        _refuse_taken(history.list_refs(session, repo.id), tag)
        commit = history.resolve(session, repo.id, revision)
        if commit is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
        history.set_ref(session, repo.id, TAGS + tag, commit.oid)
    return {}


@router.delete("/api/{kind}/{namespace}/{name}/tag/{tag:path}")
def delete_tag(repo: Writable, request: Request, hub: TheHub) -> dict[str, Any]:
    """Forget a tag."""
    tag = segment(request, "tag")
    with hub.writing() as session:
        lock_repo(session, repo)
        if not history.remove_ref(session, repo.id, TAGS + tag):
            raise RevisionNotFoundError(f"There is no tag {tag[:100]!a}.")
    return {}


@router.post("/api/{kind}/{namespace}/{name}/super-squash/{branch:path}")
def squash(repo: Writable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """One commit without a parent in place of a branch's history. Other commits stay reachable by their ids."""
    branch = segment(request, "branch")
    message = text_field(body, "message", most=1000, default="") or f"Super-squash branch '{branch}'"
    with hub.writing() as session:
        lock_repo(session, repo)
        name = branch_name(session, repo.id, branch)
        head = history.resolve(session, repo.id, name)
        if head is None:
            raise RevisionNotFoundError(f"Invalid rev id: {branch[:100]!a}")
        tree = {entry.path: entry for entry in history.entries(session, head.id)}
        made = make_commit(tree, None, caller.name, now_us(session), message.replace("\n", " "), "", None)
        stored = history.add_commit(session, repo.id, made, tree.values())
        history.set_ref(session, repo.id, name, stored.oid)
        repos.touch_repo(session, repo.id, stored.at_us)
    return {"commitOid": stored.oid}


def _named(found: list[Ref], prefix: str) -> list[dict[str, Any]]:
    return [
        {"name": ref.name.removeprefix(prefix), "ref": ref.name, "targetCommit": ref.commit_oid}
        for ref in found
        if ref.name.startswith(prefix)
    ]


def _branch(branch: str) -> str:
    """The full name of a branch, or of a copy in another format: ``refs/convert/parquet`` is asked for by that name."""
    if branch.startswith(CONVERTS):
        return CONVERTS + short_ref(branch.removeprefix(CONVERTS))
    return HEADS + short_ref(branch)


def _refuse_taken(found: list[Ref], name: str) -> None:
    """A branch and a tag of one name would make a revision mean two things; ``a`` and ``a/b`` cannot both be in git."""
    for ref in found:
        short = ref.name.removeprefix(HEADS).removeprefix(TAGS)
        if short == name:
            raise ConflictError(f"Reference {name} already exists.")
        if ref.name.startswith((HEADS, TAGS, CONVERTS)) and (
            short.startswith(f"{name}/") or name.startswith(f"{short}/")
        ):
            raise ConflictError(f"Reference {name} clashes with {short}.")
