"""Moderation: what was reported, what is hidden, and who did what."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from registry import moderation
from registry.db.session import session_scope
from registry.errors import InvalidRecordError
from registry.permissions import may, standing
from registry.queries import moderation as rows
from registry.queries.moderation import AuditRecord, FlagRecord
from registry.sign_in import SignedIn
from zoo.core.errors import UsageError

from ..context import PageContext, Trouble
from ..visitors import Poster, SignedInVisitor, form_token, require
from ..web import render

router = APIRouter(prefix="/admin")

_LINES = 100


@dataclass(frozen=True, kw_only=True)
class AdminContext(PageContext):
    """The open ``flags``; the ``hidden`` things (kind, name, reason); ``administers``: accounts are his, too.

    ``typed`` (kind, name, reason) stands in the form that hides something else; with ``trouble`` it did not work.
    """

    template: ClassVar[str] = "admin.html"

    flags: list[FlagRecord]
    hidden: list[tuple[str, str, str]]
    administers: bool
    csrf: str
    typed: tuple[str, str, str]
    trouble: Trouble | None


@dataclass(frozen=True, kw_only=True)
class AuditContext(PageContext):
    """Lines of the audit log, newest first; ``older`` is the address of the lines before."""

    template: ClassVar[str] = "admin_audit.html"

    lines: list[AuditRecord]
    older: str | None


@router.get("")
def show(request: Request, visitor: SignedInVisitor) -> Response:
    """What waits for a moderator, and what is hidden."""
    return _page(request, visitor)


@router.post("/decide")
def decide(
    request: Request,
    visitor: Poster,
    act: Annotated[Literal["hide", "show", "close"], Form()],
    kind: Annotated[Literal["model", "submission"], Form()],
    name: Annotated[str, Form(max_length=300)],
    reason: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Hide something, show it again, or close its reports."""
    require(visitor, "flag", "close")  # the same people hide and show
    acts = {"hide": moderation.hide, "show": moderation.show, "close": moderation.close_flags}
    try:
        with session_scope(request.app.state.engine, write=True) as session:
            acts[act](session, kind, name.strip(), visitor.access.account, reason)
    except (UsageError, InvalidRecordError) as error:
        return _page(request, visitor, (kind, name, reason), Trouble.of(error), status=400)
    return RedirectResponse("/admin", 303)


@router.get("/audit")
def audit(request: Request, visitor: SignedInVisitor, before: Annotated[int | None, Query()] = None) -> Response:
    """The audit log."""
    require(visitor, "audit log", "list")
    with session_scope(request.app.state.engine) as session:
        lines = rows.audit_log(session, _LINES, before)
    older = f"/admin/audit?before={lines[-1].id}" if len(lines) == _LINES else None
    return render(request, AuditContext(title="Audit log", here="account", lines=lines, older=older))


def _page(
    request: Request,
    visitor: SignedIn,
    typed: tuple[str, str, str] = ("model", "", ""),
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    require(visitor, "flag", "list")
    with session_scope(request.app.state.engine) as session:
        flags = rows.list_flags(session)
        hidden = [("model", name, reason) for name, reason in rows.hidden_models(session).items()]
        for name in rows.hidden_submissions(session):
            hidden.append(("submission", name, moderation.hidden_reason(session, "submission", name) or ""))
    return render(
        request,
        AdminContext(
            title="Moderation",
            here="account",
            flags=flags,
            hidden=hidden,
            administers=may("account", "list", standing(visitor.access.scopes)),
            csrf=form_token(visitor.secret),
            typed=typed,
            trouble=trouble,
        ),
        status=status,
    )
