"""Make, change, move and delete repositories."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from ..db.session import now_us
from ..errors import InvalidRecordError
from .access import JsonBody, SignedIn, TheHub, Writable, find_repo, require_create, require_write
from .errors import BadRequestError, ConflictError
from .git import regular_entry
from .history import make_commit
from .hub import Hub
from .names import repository_name
from .parsing import text_field
from .patterns import FIRST_ATTRIBUTES
from .queries import history, repos
from .queries.history import HEADS
from .records import Caller, Repo

router = APIRouter()

_KIND_OF_TYPE = {"model": "models", "dataset": "datasets"}
_VISIBILITIES = {"public": False, "private": True}


@router.post("/api/repos/create")
def create(body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """A new repository with a first commit, so that it has a head; 409 (with its address) if it exists."""
    kind, namespace, name = _named(body, caller)
    require_create(caller, namespace)
    repository_name(name)
    hub.blobs.put(FIRST_ATTRIBUTES.encode())
    try:
        repo = _found(hub, kind, namespace, name, caller, private=bool(_private(body)))
    except InvalidRecordError:  # on PostgreSQL somebody else may take the name between our look and our write
        repo = None
    if repo is not None:
        return _created(hub, repo)
    known = find_repo(hub, caller, kind, namespace, name)
    raise ConflictError(f"You already created this {kind[:-1]} repo", body=_created(hub, known))


def _found(hub: Hub, kind: str, namespace: str, name: str, caller: Caller, *, private: bool) -> Repo | None:
    """The new repository with its first commit; None when there is one of that name."""
    attributes = regular_entry(".gitattributes", FIRST_ATTRIBUTES.encode())
    with hub.writing() as session:
        if repos.get_repo(session, kind, namespace, name) is not None:
            return None
        repo = repos.add_repo(session, kind, namespace, name, caller.name, private=private)
        at_us = now_us(session)
        first = make_commit({attributes.path: attributes}, None, caller.name, at_us, "initial commit", "", None)
        history.add_commit(session, repo.id, first, [attributes])
        history.set_ref(session, repo.id, f"{HEADS}main", first.oid)
    return repo


@router.delete("/api/repos/delete")
def delete(body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Forget a repository with its history."""
    repo = _existing(hub, caller, *_named(body, caller))
    with hub.writing() as session:
        repos.remove_repo(session, repo.id)
    return {}


@router.post("/api/repos/move")
def move(body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Give a repository another name, in a namespace that the caller may write to."""
    kind = _kind(body)
    (namespace, name), (new_namespace, new_name) = _full_name(body, "fromRepo"), _full_name(body, "toRepo")
    repo = _existing(hub, caller, kind, namespace, name)
    require_create(caller, new_namespace)
    repository_name(new_name)
    with hub.writing() as session:
        _refuse_taken(session, hub, kind, new_namespace, new_name)
        repos.rename_repo(session, repo.id, new_namespace, new_name)
    return {"url": hub.url(f"{'datasets/' if kind == 'datasets' else ''}{new_namespace}/{new_name}")}


@router.put("/api/{kind}/{namespace}/{name}/settings")
def settings(repo: Writable, body: JsonBody, hub: TheHub) -> dict[str, Any]:
    """Change visibility (``public``, ``private``) and gating (``auto``, ``manual`` or false)."""
    private, gate = _private(body), body.get("gated")
    if gate not in ("auto", "manual", False, None):
        raise BadRequestError("gated must be 'auto', 'manual' or false.")
    with hub.writing() as session:
        if private is not None:
            repos.set_private(session, repo.id, private=private)
        if gate is not None:
            repos.set_gate(session, repo.id, gate or None)
        changed = repos.repo_by_id(session, repo.id) or repo
    return {"private": changed.private, "gated": changed.gate or False}


def _existing(hub: Hub, caller: Caller, kind: str, namespace: str, name: str) -> Repo:
    repo = find_repo(hub, caller, kind, namespace, name)
    require_write(caller, repo)
    return repo


def _refuse_taken(session: Session, hub: Hub, kind: str, namespace: str, name: str) -> None:
    known = repos.get_repo(session, kind, namespace, name)
    if known is not None:
        raise ConflictError("A repository with this name exists.", body=_created(hub, known))


def _named(body: dict[str, Any], caller: Caller) -> tuple[str, str, str]:
    """(kind, namespace, name) of a body that names a repository; the caller's own namespace unless it says another."""
    name = text_field(body, "name", most=200)
    namespace = text_field(body, "organization", most=200, default="") or caller.name
    if "/" in name:
        namespace, _, name = name.partition("/")
    return _kind(body), namespace, name


def _full_name(body: dict[str, Any], field: str) -> tuple[str, str]:
    namespace, slash, name = text_field(body, field, most=200).partition("/")
    if not slash:
        raise BadRequestError(f"{field} must be namespace/name.")
    return namespace, name


def _kind(body: dict[str, Any]) -> str:
    kind = _KIND_OF_TYPE.get(text_field(body, "type", most=20, default="model"))
    if kind is None:
        raise BadRequestError("This hub holds models and datasets.")
    return kind


def _private(body: dict[str, Any]) -> bool | None:
    """Newer clients send ``visibility``, older ones ``private``; None when neither came."""
    visibility, private = body.get("visibility"), body.get("private")
    if visibility is not None:
        if not isinstance(visibility, str) or visibility not in _VISIBILITIES:
            raise BadRequestError("visibility must be 'public' or 'private'.")
        return _VISIBILITIES[visibility]
    if private is not None and not isinstance(private, bool):
        raise BadRequestError("private must be true or false.")
    return private


def _created(hub: Hub, repo: Repo) -> dict[str, Any]:
    return {"url": hub.url(repo.web_path), "name": repo.full_name, "id": f"{repo.id:024x}", "private": repo.private}
