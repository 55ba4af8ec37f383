"""The form that hands a model in; a plain form, which keeps what was typed when something is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, ClassVar, Final, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from registry import queries
from registry.addresses import parse_address
from registry.db.session import session_scope
from registry.declarations import is_free_method
from registry.permissions import may, standing
from registry.reasons import REASONS, Explanation
from registry.sign_in import SignedIn
from registry.sources import SubmissionRequest
from registry.sources.handing_in import hand_in
from zoo.core.errors import UsageError

from ..context import PageContext
from ..visitors import MaybeVisitor, Poster, form_token, require
from ..web import render

router = APIRouter()

_LONGEST: Final = {
    "model": 500, "revision": 200, "suite": 200, "method": 180, "parent": 300, "training_data": 500, "note": 1000,
}  # fmt: skip


class Sent(BaseModel):
    """The fields of the form as a browser sends them; a box that is not ticked is not sent."""

    model_config = ConfigDict(extra="forbid")

    csrf: str = ""
    model: str = ""
    revision: str = ""
    suite: str = ""
    method: str = ""
    parent: str = ""
    training_data: str = ""
    note: str = ""
    visibility: Literal["private", "public"] = "private"
    licence: Literal["yes", ""] = ""


@dataclass(frozen=True)
class Typed:
    """What stands in the form, and what is wrong with it, by field."""

    model: str = ""
    revision: str = ""
    suite: str = ""
    method: str = ""
    parent: str = ""
    training_data: str = ""
    note: str = ""
    visibility: str = "private"
    licence: str = ""
    wrong: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SubmitContext(PageContext):
    """``csrf`` is None for somebody who may not submit, ``signed_in`` says whether he is anybody.

    ``suites`` are (reference, words) to choose from, the newest versions apart from earlier ones; ``hubs`` the hubs
    that models may come from; ``address`` is that of this server, ``reasons`` are all codes of a refusal.
    """

    template: ClassVar[str] = "submit.html"

    csrf: str | None
    signed_in: bool
    typed: Typed
    suites: dict[str, list[tuple[str, str]]]
    hubs: list[str]
    address: str
    reasons: Mapping[str, Explanation]


@router.get("/submit")
def show(request: Request, visitor: MaybeVisitor, model: str = "", parent: str = "", suite: str = "") -> Response:
    """The form; ``model``, ``parent`` and ``suite`` may stand in the address."""
    typed = Typed(model=model[: _LONGEST["model"]], parent=parent[: _LONGEST["parent"]], suite=suite)
    return _form(request, visitor, typed)


@router.post("/submit")
def hand_in_form(request: Request, visitor: Poster, sent: Annotated[Sent, Form()]) -> Response:
    """Hand the model in and go to its page, or show the form again with what is wrong."""
    require(visitor, "private submission", "create")
    typed = Typed(**{name.name: getattr(sent, name.name).strip() for name in fields(Typed) if name.name != "wrong"})
    wrong = _wrong(typed)
    if not wrong:
        try:
            with session_scope(request.app.state.engine, write=True) as session:
                public_id = _handed_in(session, request, visitor, typed)
            return RedirectResponse(f"/submissions/{public_id}", 303)
        except UsageError as error:
            wrong = {_field_of(error, typed): f"{error.message} {error.hint or ''}".strip()}
    return _form(request, visitor, replace(typed, wrong=wrong), status=400)


def _handed_in(session: Session, request: Request, visitor: SignedIn, typed: Typed) -> str:
    mine = request.app.state.settings.hub_endpoint
    asked = SubmissionRequest(
        model=f"{typed.model}@{typed.revision}" if typed.revision else typed.model,
        suite=typed.suite or None,
        visibility="public" if typed.visibility == "public" else "private",
        hub_endpoint=mine,
        method=typed.method or None,
        parent=typed.parent or None,
        training_data=typed.training_data or None,
        note=typed.note or None,
    )
    access = visitor.access
    record, created = hand_in(
        session, asked, actor=access.account, account_id=access.account_id, allowed=request.app.state.settings.hubs
    )
    said = ("visibility", "method", "parent", "training_data", "note")
    if not created and any(getattr(record, name) != getattr(asked, name) for name in said):
        raise UsageError(
            f"You have handed this in already, in other words: it is submission {record.public_id}, and not finished.",
            f"Change it at /submissions/{record.public_id}, or withdraw it there first.",
        )
    return record.public_id


def _wrong(typed: Typed) -> dict[str, str]:
    wrong = {
        name: f"At most {longest:,} characters."
        for name, longest in _LONGEST.items()
        if len(getattr(typed, name)) > longest
    }
    for name in ("model", "parent"):
        try:
            parse_address(getattr(typed, name) or "org/name")
        except UsageError as error:
            wrong[name] = f"{error.message} {error.hint}"
    if not typed.model:
        wrong["model"] = "Name a repository, such as org/name."
    elif "@" in typed.model and typed.revision:
        wrong["revision"] = "The model names a revision already: leave one of them out."
    if typed.method and not is_free_method(typed.method):
        wrong["method"] = "Write @author/name, such as @ada/wise-pruning; leave it out for a method of the zoo."
    if not typed.suite:
        wrong["suite"] = "Choose what is to be measured."
    if not typed.licence:
        wrong["licence"] = "Nobody can use a model without a licence: tick the box if its files name one."
    return wrong


def _field_of(error: UsageError, typed: Typed) -> str:
    """Where a sentence about what was typed belongs."""
    if "suite" in error.message:
        return "suite"
    if "revision" in error.message and typed.revision:
        return "revision"
    return "parent" if typed.parent and typed.parent in error.message else "model"


def _suites(session: Session) -> dict[str, list[tuple[str, str]]]:
    newest: dict[str, tuple[str, str]] = {}
    earlier = []
    for suite in queries.list_suites(session):
        if suite.content.get("kind") != "reported":
            if suite.name in newest:
                earlier.append(newest.pop(suite.name))
            reference = f"{suite.name}@{suite.version}"
            newest[suite.name] = (reference, f"{suite.title} ({reference})")
    return {words: found for words, found in (("Newest", [*newest.values()]), ("Earlier versions", earlier)) if found}


def _form(request: Request, visitor: SignedIn | None, typed: Typed, *, status: int = 200) -> Response:
    allowed = visitor is not None and may("private submission", "create", standing(visitor.access.scopes))
    with session_scope(request.app.state.engine) as session:
        suites = _suites(session)
    context = SubmitContext(
        title="Submit a model",
        here="submit",
        csrf=form_token(visitor.secret) if allowed and visitor is not None else None,
        signed_in=visitor is not None,
        typed=typed,
        suites=suites,
        hubs=sorted(request.app.state.settings.hubs),
        address=request.app.state.settings.base_url or str(request.base_url).rstrip("/"),
        reasons=REASONS,
    )
    answer = render(request, context, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
