"""Users and organisations: who they are, whose repositories they have."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request

from ..queries.accounts import AccountRecord
from .access import MaybeCaller, SignedIn, TheHub, segment
from .answers import iso_time
from .errors import ForbiddenError, MissingError
from .queries import history, people, repos
from .records import Caller, Repo

router = APIRouter()


@router.get("/api/users/{user}/overview")
def user_overview(request: Request, caller: MaybeCaller, hub: TheHub) -> dict[str, Any]:
    """A person, with the repositories that the caller may see."""
    with hub.reading() as session:
        account = _account(session, segment(request, "user"), organisation=False)
        seen = _seen(session, account.name, caller)
        orgs = [{"name": name, "fullname": name, "type": "org"} for name in people.roles_of(session, account.id)]
    counts = {"numModels": _count(seen, "models"), "numDatasets": _count(seen, "datasets")}
    names = {"user": account.name, "fullname": account.full_name or account.name}
    return {"type": "user", **names, "avatarUrl": "", "isPro": False, **counts, "orgs": orgs}


@router.get("/api/organizations/{organisation}/overview")
def organisation_overview(request: Request, caller: MaybeCaller, hub: TheHub) -> dict[str, Any]:
    """An organisation, with the repositories that the caller may see."""
    with hub.reading() as session:
        account = _account(session, segment(request, "organisation"), organisation=True)
        seen = _seen(session, account.name, caller)
        size = len(list(people.members(session, account.id)))
    counts = {"numUsers": size, "numModels": _count(seen, "models"), "numDatasets": _count(seen, "datasets")}
    return {"name": account.name, "fullname": account.full_name or account.name, "avatarUrl": "", **counts}


@router.get("/api/organizations/{organisation}/members")
def organisation_members(request: Request, hub: TheHub) -> list[dict[str, Any]]:
    """The members of an organisation, by name."""
    with hub.reading() as session:
        account = _account(session, segment(request, "organisation"), organisation=True)
        found = list(people.members(session, account.id))
    return [
        {"type": "user", "user": name, "fullname": full_name or name, "avatarUrl": "", "isPro": False, "role": role}
        for name, full_name, role in found
    ]


@router.get("/api/settings/repositories")
def my_repositories(caller: SignedIn, hub: TheHub) -> list[dict[str, Any]]:
    """The caller's repositories with the bytes that each needs."""
    with hub.reading() as session:
        return _stored(session, caller.name)


@router.get("/api/organizations/{organisation}/settings/repositories")
def organisation_repositories(request: Request, caller: SignedIn, hub: TheHub) -> list[dict[str, Any]]:
    """The same of an organisation, for its members."""
    with hub.reading() as session:
        account = _account(session, segment(request, "organisation"), organisation=True)
        if not caller.may_see(account.name):
            raise ForbiddenError(f"Only members of {account.name} may see this.")
        return _stored(session, account.name)


def _account(session: Session, name: str, *, organisation: bool) -> AccountRecord:
    account = people.find_account(session, name)
    if account is None or people.is_organisation(session, account.id) != organisation:
        raise MissingError(f"There is no {'organisation' if organisation else 'user'} {name[:100]!a}.")
    return account


def _seen(session: Session, namespace: str, caller: Caller | None) -> list[Repo]:
    inside = caller is not None and caller.may_see(namespace)
    return [repo for repo in repos.repos_of(session, namespace) if inside or not repo.private]


def _count(found: list[Repo], kind: str) -> int:
    return sum(repo.kind == kind for repo in found)


def _stored(session: Session, namespace: str) -> list[dict[str, Any]]:
    found = repos.repos_of(session, namespace)
    used = {repo.id: history.stored_bytes(session, repo.id) for repo in found}
    total = sum(used.values())
    return [
        {
            "id": repo.full_name,
            "type": repo.kind[:-1],
            "updatedAt": iso_time(repo.updated_us),
            "visibility": "private" if repo.private else "public",
            "storage": used[repo.id],
            "storagePercent": 100 * used[repo.id] / total if total else 0,
        }
        for repo in found
    ]
