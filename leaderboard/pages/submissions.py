"""One's own submissions."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.db.session import session_scope
from registry.queries import list_submissions
from registry.sources import SubmissionView

from ..context import PageContext
from ..visitors import SignedInVisitor
from ..web import render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class SubmissionsContext(PageContext):
    """The visitor's submissions, newest first."""

    template: ClassVar[str] = "submissions.html"

    mine: list[SubmissionView]


@router.get("/submissions")
def show(request: Request, visitor: SignedInVisitor) -> Response:
    """All of them."""
    with session_scope(request.app.state.engine) as session:
        found = list_submissions(session, account_id=visitor.access.account_id)
    mine = [SubmissionView.of(record) for record in found]
    answer = render(request, SubmissionsContext(title="Your submissions", here="submit", mine=mine))
    answer.headers["Cache-Control"] = "no-store"
    return answer
