"""Submissions under /api/v1: hand in, watch, withdraw, with a token from ``prunarium admin token create``."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy.orm import Session

from registry import submissions
from registry.accounts import Access
from registry.db.session import session_scope
from registry.errors import ScopeError
from registry.queries import count_jobs, list_submissions
from registry.records import SubmissionRecord
from registry.sources import Me, SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted
from registry.sources.handing_in import edit_of, hand_in, resubmission

from .callers import Caller, Submitter
from .redacting import for_reader
from .submission_access import may_do, visible

router = APIRouter(prefix="/api/v1")

_YOURS = "See yours: prunarium status"

PublicId = Annotated[str, Path(max_length=64, description="The id that handing in gave.")]


class SubmissionBody(BaseModel):
    """What to evaluate: a slug, Hub id or address with or without @revision, and a suite (the only one if left out)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(max_length=500)
    suite: str | None = Field(default=None, max_length=200)
    visibility: Literal["private", "public"] = "private"
    hub_endpoint: str | None = Field(default=None, max_length=500)
    kind: Literal["weights", "predictions"] = "weights"
    method: str | None = Field(default=None, max_length=180, description="@author/name, where the zoo has no such one.")
    parent: str | None = Field(default=None, max_length=300, description="Slug or Hub id of the dense model.")
    training_data: str | None = Field(default=None, max_length=500, description="All data that the weights have seen.")
    note: str | None = Field(default=None, max_length=1000, description="For the people who read the submission.")


class EditBody(BaseModel):
    """What changes; what is left out stays, an empty text removes a note or a method."""

    model_config = ConfigDict(extra="forbid", strict=True)

    visibility: Literal["private", "public"] | None = None
    suite: str | None = Field(default=None, max_length=200, description="Only before the check.")
    method: str | None = Field(default=None, max_length=180)
    note: str | None = Field(default=None, max_length=1000)


class ResubmissionBody(BaseModel):
    """What differs from the old one; the revision of the old one is a commit if that was one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    revision: str | None = Field(default=None, max_length=200)
    suite: str | None = Field(default=None, max_length=200)


class WithdrawalBody(BaseModel):
    """Why, for the history."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str | None = Field(default=None, max_length=1000)


@router.get("/me", response_model=Me)
def me(caller: Caller) -> Response:
    """Whom the token speaks for, and what it may do; nobody without a token."""
    if caller is None:
        return _json(Me(None, None, None, ()))
    return _json(Me(caller.account, caller.role, caller.token, tuple(sorted(caller.scopes))))


@router.post("/submissions", response_model=Submitted, status_code=201)
def submit(request: Request, body: SubmissionBody, caller: Submitter) -> Response:
    """Hand in a model; the same request again gives the same submission, with status 200."""
    mine = request.app.state.settings.hub_endpoint
    with session_scope(request.app.state.engine, write=True) as session:
        hub = body.hub_endpoint.rstrip("/") if body.hub_endpoint else mine
        asked = SubmissionRequest(**body.model_dump() | {"hub_endpoint": hub})
        record, created = hand_in(
            session, asked, actor=caller.account, account_id=caller.account_id, allowed=request.app.state.settings.hubs
        )
    return _json(Submitted(SubmissionView.of(record), created), 201 if created else 200)


@router.get("/submissions", response_model=SubmissionList)
def mine(request: Request, caller: Submitter) -> Response:
    """The caller's submissions, newest first, and the number of jobs in the queue."""
    with session_scope(request.app.state.engine) as session:
        found = list_submissions(session, account_id=caller.account_id)
        return _json(SubmissionList(tuple(map(SubmissionView.of, found)), count_jobs(session)))


@router.get("/submissions/{public_id}", response_model=SubmissionStatus)
def status(request: Request, public_id: PublicId, caller: Caller) -> Response:
    """State, history, jobs and how many jobs come first; of a private submission for its owner only."""
    with session_scope(request.app.state.engine) as session:
        record = _visible(session, public_id, caller)
        found = SubmissionStatus.of(submissions.status(session, public_id))
    return _json(for_reader(found, everything=may_do(caller, record, "change")))


@router.post("/submissions/{public_id}/withdraw", response_model=SubmissionView)
def withdraw(request: Request, public_id: PublicId, body: WithdrawalBody, caller: Submitter) -> Response:
    """Take one's own submission back."""
    with session_scope(request.app.state.engine, write=True) as session:
        _own(session, public_id, caller)
        return _json(SubmissionView.of(submissions.withdraw(session, public_id, caller.account, body.reason)))


@router.post("/submissions/{public_id}/edit", response_model=SubmissionView)
def edit(request: Request, public_id: PublicId, body: EditBody, caller: Submitter) -> Response:
    """Publish one's own submission or make it private again; change its note, method or (before its check) suite."""
    with session_scope(request.app.state.engine, write=True) as session:
        changes = edit_of(session, **body.model_dump())
        _own(session, public_id, caller)
        return _json(SubmissionView.of(submissions.edit(session, public_id, changes, caller.account)))


@router.post("/submissions/{public_id}/resubmit", response_model=SubmissionView, status_code=201)
def resubmit(request: Request, public_id: PublicId, body: ResubmissionBody, caller: Submitter) -> Response:
    """Hand in one's own submission anew, at another revision or to another suite; the new one names the old one."""
    with session_scope(request.app.state.engine, write=True) as session:
        _own(session, public_id, caller)
        made = resubmission(session, public_id, caller.account, revision=body.revision, suite=body.suite)
    return _json(SubmissionView.of(made), 201)


def _own(session: Session, public_id: str, caller: Access) -> None:
    record = _visible(session, public_id, caller)
    if not may_do(caller, record, "change"):
        whose = "was hidden by a moderator" if record.account == caller.account else "is somebody else's"
        raise ScopeError(f"The submission {public_id} {whose}.", _YOURS)


def _visible(session: Session, public_id: str, caller: Access | None) -> SubmissionRecord:
    return visible(session, public_id, caller, hint=_YOURS)


def _json(answer: Any, status_code: int = 200) -> Response:
    """Nobody on the way keeps what was meant for one caller."""
    content = TypeAdapter(type(answer)).dump_json(answer)
    return Response(content, status_code, {"Cache-Control": "no-store"}, "application/json")
