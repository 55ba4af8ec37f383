"""Who asks, what for, and whether they may: the dependencies of the routes."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.requests import Request

from ..accounts import authenticate
from ..errors import AccessError
from .errors import (
    CredentialsError,
    ForbiddenError,
    GatedAnonymousError,
    GatedRepoError,
    MissingError,
    RepoHiddenError,
    RepoNotFoundError,
    SignInError,
)
from .hub import Hub
from .names import KINDS, unquoted
from .parsing import bounded_body, json_object_from, query_flag
from .queries import gates, people, repos
from .records import READ, Caller, Repo, Status


def hub_of(request: Request) -> Hub:
    """The server that this request came to."""
    hub: Hub = request.app.state.hub
    return hub


TheHub = Annotated[Hub, Depends(hub_of)]


def segment(request: Request, name: str) -> str:
    """One decoded parameter of the path."""
    return unquoted(request.path_params[name])


def caller_of(request: Request, hub: TheHub) -> Caller | None:
    """Who sends the token; None without one. A token that is no good is refused, never ignored."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CredentialsError
    try:
        with hub.reading() as session:
            access = authenticate(session, token.strip(), READ)
            roles = people.roles_of(session, access.account_id)
    except AccessError as error:
        raise CredentialsError from error
    return Caller(access.account_id, access.account, access.token, access.scopes, roles)


MaybeCaller = Annotated[Caller | None, Depends(caller_of)]


def signed_in(caller: MaybeCaller) -> Caller:
    """A caller with a good token."""
    if caller is None:
        raise SignInError("This needs a token.", "Send it as 'Authorization: Bearer TOKEN'.")
    return caller


SignedIn = Annotated[Caller, Depends(signed_in)]


def kind_of(request: Request) -> str:
    """``models`` or ``datasets``, from the address."""
    if "kind" not in request.path_params:
        return "datasets" if request.scope["route"].path.startswith("/datasets/") else "models"
    kind = segment(request, "kind")
    if kind not in KINDS:
        raise MissingError(f"This hub has no {kind[:40]!a}; it holds models and datasets.")
    return kind


def readable_repo(request: Request, hub: TheHub, caller: MaybeCaller) -> Repo:
    """The repository of the address, if the caller may know that it exists."""
    return find_repo(hub, caller, kind_of(request), segment(request, "namespace"), segment(request, "name"))


def find_repo(hub: Hub, caller: Caller | None, kind: str, namespace: str, name: str) -> Repo:
    """A repository by name, if the caller may know that it exists; private and missing ones look the same."""
    with hub.reading() as session:
        repo = repos.get_repo(session, kind, namespace, name)
    if repo is None or (repo.private and not (caller and caller.may_see(namespace))):
        raise (RepoHiddenError if caller is None else RepoNotFoundError)("Repository not found")
    return repo


def lock_repo(session: Session, repo: Repo) -> None:
    """Let nobody else change what the repository holds until the transaction ends; it may be gone by now."""
    if not repos.lock_repo(session, repo.id):
        raise RepoNotFoundError("Repository not found")


Readable = Annotated[Repo, Depends(readable_repo)]


_CLOSED: dict[Status | None, str] = {
    None: "Ask for it: POST {address}/ask-access with your token.",
    "pending": "You have asked for it; its owner has not decided yet.",
    "rejected": "Its owner has turned your request down.",
}


def open_repo(repo: Readable, caller: MaybeCaller, hub: TheHub) -> Repo:
    """The repository, if the caller may have its content."""
    if repo.gate is None or (caller and caller.may_see(repo.namespace)):
        return repo
    restricted = f"{repo.full_name} is gated: its content is for those whom its owner has given access."
    if caller is None:
        raise GatedAnonymousError(f"{restricted} Sign in with a token.")
    with hub.reading() as session:
        status = gates.status_of(session, repo.id, caller.account_id)
    if status != "accepted":
        raise GatedRepoError(f"{restricted} {_CLOSED[status].format(address=hub.url(repo.web_path))}")
    return repo


Open = Annotated[Repo, Depends(open_repo)]


def writable_repo(repo: Readable, caller: SignedIn) -> Repo:
    """The repository, if the caller may change it."""
    require_write(caller, repo)
    return repo


Writable = Annotated[Repo, Depends(writable_repo)]


def proposable_repo(repo: Open, caller: SignedIn) -> Repo:
    """The repository, if the caller may propose a change: whoever may read the content, with a token that writes."""
    if not caller.may_propose:
        raise ForbiddenError("This token may not write.", "Use a token with that right.")
    return repo


Proposable = Annotated[Repo, Depends(proposable_repo)]


def committable_repo(repo: Proposable, request: Request, caller: SignedIn) -> Repo:
    """The repository, if the caller may commit to the branch of the address, or proposes a change."""
    if not (query_flag(request, "create_pr") or segment(request, "revision").startswith("refs/pr/")):
        require_write(caller, repo)
    return repo


Committable = Annotated[Repo, Depends(committable_repo)]


def require_create(caller: Caller, namespace: str) -> None:
    """Refuse unless the token may make repositories in ``namespace``."""
    if not caller.may_create(namespace):
        raise ForbiddenError(f"This token may not write to {namespace[:100]!a}.", "Use another token.")


def require_write(caller: Caller, repo: Repo) -> None:
    """Refuse unless the token may change the repository."""
    if not caller.may_write(repo):
        raise ForbiddenError(
            f"This token may not write to {repo.full_name!a}.", "Use another token, or propose it: create_pr=True"
        )


async def json_body(request: Request, hub: TheHub) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    body = await bounded_body(request, hub.limits.json_bytes)
    return json_object_from(body) if body.strip() else {}


JsonBody = Annotated[dict[str, Any], Depends(json_body)]
