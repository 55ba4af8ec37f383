"""Gated repositories: ask for the content, decide who gets it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from .access import JsonBody, Readable, SignedIn, TheHub, Writable, lock_repo, segment
from .answers import iso_time
from .errors import BadRequestError, GatedRepoError, MissingError
from .hub import Hub
from .parsing import bounded_body, json_object_from, text_field
from .queries import gates, people, repos
from .records import AccessRequest, Caller, Repo, Status

router = APIRouter()
_LISTS: dict[str, Status] = {"pending": "pending", "accepted": "accepted", "rejected": "rejected"}
_FORM_BYTES = 64 * 1024
_MAX_FIELDS = 100


@router.post("/datasets/{namespace}/{name}/ask-access")
@router.post("/{namespace}/{name}/ask-access")
async def ask(repo: Readable, request: Request, caller: SignedIn, hub: TheHub) -> dict[str, str]:
    """Ask for the content, with the answers to the card's questions as JSON or as a form; twice is once."""
    fields = _fields(request, await bounded_body(request, _FORM_BYTES))
    status = await run_in_threadpool(_ask, hub, repo, caller, fields)
    return {"status": status}


@router.get("/api/{kind}/{namespace}/{name}/user-access-request/{status}")
def listed(repo: Writable, request: Request, hub: TheHub) -> list[dict[str, Any]]:
    """The requests that are pending, accepted or rejected, oldest first."""
    status = _LISTS.get(segment(request, "status"))
    if status is None:
        raise MissingError("There are lists of pending, accepted and rejected requests.")
    _require_gate(repo)
    with hub.reading() as session:
        found = gates.requests(session, repo.id, status)
    return [_item(access) for access in found]


@router.post("/api/{kind}/{namespace}/{name}/user-access-request/handle")
def handle(repo: Writable, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Accept or reject a request, or put it back among the pending ones."""
    status = _LISTS.get(text_field(body, "status", most=20))
    if status is None:
        raise BadRequestError("status must be pending, accepted or rejected.")
    reason = text_field(body, "rejectionReason", most=1000, default="") or None
    if reason is not None and status != "rejected":
        raise BadRequestError("A reason is for rejections only.")
    with hub.writing() as session:
        _locked(session, repo)
        wanted = _wanted(session, repo, body)
        if wanted.status == status:
            raise MissingError(f"The request of {wanted.account} is among the {status} ones already.")
        gates.decide(session, wanted.id, status, caller.name, reason)
    return {}


@router.post("/api/{kind}/{namespace}/{name}/user-access-request/grant")
def grant(repo: Writable, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Give an account access that it did not ask for."""
    name = text_field(body, "user", most=200)
    with hub.writing() as session:
        _locked(session, repo)
        account = people.find_account(session, name)
        if account is None:
            raise MissingError(f"There is no account {name[:100]!a}.")
        known = {access.account: access for access in gates.requests(session, repo.id)}.get(name)
        if known is None:
            gates.add_request(session, repo.id, account.id, "accepted", granted_by=caller.name)
        elif known.status == "accepted":
            raise BadRequestError(f"{name} has access already.")
        else:
            gates.decide(session, known.id, "accepted", caller.name, None)
    return {}


def _ask(hub: Hub, repo: Repo, caller: Caller, fields: Mapping[str, str]) -> Status:
    if caller.may_see(repo.namespace):
        raise BadRequestError(f"{caller.name} has access already.")
    with hub.writing() as session:
        gate = _locked(session, repo)
        known = gates.status_of(session, repo.id, caller.account_id)
        if known == "rejected":
            raise GatedRepoError("The owner of this repository has turned your request down.")
        if known is not None:
            return known
        status: Status = "accepted" if gate == "auto" else "pending"
        gates.add_request(session, repo.id, caller.account_id, status, fields)
    return status


def _locked(session: Session, repo: Repo) -> str:
    """The gate, behind which nobody else decides until this transaction ends."""
    lock_repo(session, repo)
    return _require_gate(repos.repo_by_id(session, repo.id) or repo)


def _require_gate(repo: Repo) -> str:
    if repo.gate is None:
        raise BadRequestError(f"{repo.full_name} is not gated: everybody has access.")
    return repo.gate


def _wanted(session: Session, repo: Repo, body: Mapping[str, Any]) -> AccessRequest:
    """The request that a body names by its id or by the account."""
    by_id, name = text_field(body, "requestId", most=40, default=""), text_field(body, "user", most=200, default="")
    if bool(by_id) == bool(name):
        raise BadRequestError("Name the request by user or by requestId.")
    if name and people.find_account(session, name) is None:
        raise MissingError(f"There is no account {name[:100]!a}.")
    for access in gates.requests(session, repo.id):
        if name == access.account or by_id == _request_id(access):
            return access
    raise MissingError("There is no such request.")


def _request_id(access: AccessRequest) -> str:
    return f"{access.id:024x}"


def _item(access: AccessRequest) -> dict[str, Any]:
    user: dict[str, Any] = {"user": access.account, "fullname": access.full_name or access.account}
    if access.asked:
        user["email"] = access.email
    item = {
        "requestId": _request_id(access),
        "user": user,
        "status": access.status,
        "timestamp": iso_time(access.at_us),
    }
    return item | ({"fields": dict(access.fields)} if access.fields else {})


def _fields(request: Request, body: bytes) -> dict[str, str]:
    """Short texts by name."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise BadRequestError("The form cannot be read.") from error
        answers: dict[str, Any] = dict(pairs)
    else:
        answers = json_object_from(body) if body.strip() else {}
    if len(answers) > _MAX_FIELDS:
        raise BadRequestError(f"A request has at most {_MAX_FIELDS} fields.")
    return {name: text_field(answers, name, most=1000) for name in answers if text_field({"n": name}, "n", most=200)}
