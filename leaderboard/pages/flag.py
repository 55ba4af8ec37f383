"""Reporting a model or a submission to the moderators."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Form, Query, Request, Response

from registry import moderation, rate_limits
from registry.db.session import session_scope
from registry.queries.submissions import get_submission

from ..context import PageContext
from ..finding import find_model
from ..visitors import Poster, SignedInVisitor, form_token, require
from ..web import catalogue_of, render

router = APIRouter(prefix="/flag")

Kind = Literal["model", "submission"]


@dataclass(frozen=True, kw_only=True)
class FlagContext(PageContext):
    """What is reported; ``sent`` says that it was, just now."""

    template: ClassVar[str] = "flag.html"

    kind: Kind
    name: str
    sent: bool
    csrf: str


@router.get("")
def show(
    request: Request, visitor: SignedInVisitor, kind: Kind, name: Annotated[str, Query(max_length=300)]
) -> Response:
    """The form."""
    _require_visible(request, visitor, kind, name)
    return _page(request, visitor, kind, name, sent=False)


@router.post("")
def send(
    request: Request,
    visitor: Poster,
    kind: Annotated[Kind, Form()],
    name: Annotated[str, Form(max_length=300)],
    reason: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Send the report."""
    engine = request.app.state.engine
    _require_visible(request, visitor, kind, name)
    rate_limits.use(engine, rate_limits.FLAGS, visitor.access.account)
    with session_scope(engine, write=True) as session:
        moderation.flag(session, kind, name, visitor.access.account_id, reason)
    return _page(request, visitor, kind, name, sent=True)


def _require_visible(request: Request, visitor: SignedInVisitor, kind: Kind, name: str) -> None:
    """What the visitor may not know of is answered like what is not there."""
    if kind == "model":
        find_model(catalogue_of(request), name)
        require(visitor, "public model", "flag", name=name)
        return
    with session_scope(request.app.state.engine) as session:
        visibility = get_submission(session, name).visibility
    require(visitor, "public submission" if visibility == "public" else "private submission", "flag", name=name)


def _page(request: Request, visitor: SignedInVisitor, kind: Kind, name: str, *, sent: bool) -> Response:
    csrf = form_token(visitor.secret)
    return render(request, FlagContext(title="Report", kind=kind, name=name, sent=sent, csrf=csrf))
