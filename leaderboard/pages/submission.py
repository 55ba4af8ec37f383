"""One submission: where it stands, why it was refused, what was found, and what its owner can do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from registry import queries, submissions
from registry.db.session import session_scope
from registry.errors import TransitionError
from registry.queries.submissions import UNFINISHED
from registry.records import MetricRecord, SubmissionRecord, SubmissionState
from registry.sign_in import SignedIn
from registry.sources import JobView, SubmissionStatus, SubmissionView
from registry.sources.handing_in import edit_of, resubmission
from registry.sources.submitted import ValueView
from zoo.core.errors import UsageError

from ..context import PageContext
from ..errors import NotFoundError
from ..facts import format_metric
from ..formats import unit_of
from ..redacting import for_reader
from ..submission_access import kind_of, may_do, visible
from ..visitors import MaybeVisitor, Poster, form_token, require
from ..web import catalogue_of, render

router = APIRouter()

PublicId = Annotated[str, Path(max_length=64)]
Text = Annotated[str, Form(max_length=1000)]

HEADLINES: Final[Mapping[SubmissionState, str]] = {
    "draft": "This is a draft.",
    "received": "It waits for its check.",
    "checking": "It is being checked.",
    "queued": "The check is passed; its evaluations wait for their turn.",
    "running": "It is being evaluated.",
    "done": "Everything is measured.",
    "rejected": "It was refused: here is why, and what to do.",
    "failed": "It could not be evaluated.",
    "withdrawn": "It was withdrawn.",
}


@dataclass(frozen=True)
class JobLine:
    """One evaluation; once it is done, its primary number ``text`` (empty: there is none) in ``unit``, its interval
    ``between`` (empty: none), and the metric, or why the number is ``missing``."""

    job: JobView
    text: str = ""
    unit: str = ""
    between: str = ""
    metric: str = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class SubmissionContext(PageContext):
    """``csrf`` is the token of the owner's forms, None for readers; ``wrong`` is what was wrong with the last of them.

    ``unfinished``: whether anything may still change by itself. ``unseen_parent`` is the dense parent of what is
    measured, where the board does not show it; its owner is told.
    """

    template: ClassVar[str] = "submission.html"

    headline: str
    submission: SubmissionView
    status: SubmissionStatus
    lines: list[JobLine]
    ended: int
    unfinished: bool
    unseen_parent: str | None
    csrf: str | None
    wrong: str | None


@router.get("/submissions/{public_id}")
def show(request: Request, public_id: PublicId, visitor: MaybeVisitor) -> Response:
    """The page of a submission that the visitor may see."""
    return _page(request, public_id, visitor)


@router.post("/submissions/{public_id}/edit")
def edit(
    request: Request,
    public_id: PublicId,
    visitor: Poster,
    visibility: Annotated[Literal["private", "public"] | None, Form()] = None,
    note: Annotated[str | None, Form(max_length=1000)] = None,
    method: Annotated[str | None, Form(max_length=180)] = None,
) -> Response:
    """Publish it, make it private again, or change its note and method."""

    def change(session: Session) -> str:
        changes = edit_of(session, visibility=visibility, note=note, method=method)
        return submissions.edit(session, public_id, changes, visitor.access.account).public_id

    return _changed(request, public_id, visitor, change)


@router.post("/submissions/{public_id}/withdraw")
def withdraw(request: Request, public_id: PublicId, visitor: Poster, reason: Text = "") -> Response:
    """Take it back."""

    def change(session: Session) -> str:
        return submissions.withdraw(session, public_id, visitor.access.account, reason or None).public_id

    return _changed(request, public_id, visitor, change)


@router.post("/submissions/{public_id}/resubmit")
def resubmit(request: Request, public_id: PublicId, visitor: Poster, revision: Text = "") -> Response:
    """Hand it in anew, and go to the new one."""

    def change(session: Session) -> str:
        account = visitor.access.account
        return resubmission(session, public_id, account, revision=revision.strip() or None).public_id

    return _changed(request, public_id, visitor, change)


def _changed(request: Request, public_id: str, visitor: SignedIn, change: Callable[[Session], str]) -> Response:
    """Do it and go on, or say on the page why it could not be done."""
    try:
        with session_scope(request.app.state.engine, write=True) as session:
            record = _visible(session, public_id, visitor)
            owner = record.account == visitor.access.account
            require(visitor, kind_of(record), "change", owner=owner, name=public_id)
            target = change(session)
        return RedirectResponse(f"/submissions/{target}", 303)
    except (TransitionError, UsageError) as error:
        if isinstance(error, NotFoundError):
            raise
        return _page(request, public_id, visitor, wrong=f"{error.message} {error.hint or ''}".strip())


def _page(request: Request, public_id: str, visitor: SignedIn | None, *, wrong: str | None = None) -> Response:
    with session_scope(request.app.state.engine) as session:
        record = _visible(session, public_id, visitor)
        everything = visitor is not None and may_do(visitor.access, record, "change")
        status = for_reader(SubmissionStatus.of(submissions.status(session, public_id)), everything=everything)
        unseen = _unseen_parent(session, record) if everything and record.state == "done" else None
    values = {(value.model, value.task, value.protocol, value.seed): value for value in status.values}
    metrics = catalogue_of(request).metrics
    lines = [_line(job, values.get((job.model, job.task, job.protocol, job.seed)), metrics) for job in status.jobs]
    context = SubmissionContext(
        title=f"Submission {public_id}",
        here="submit",
        headline=HEADLINES[record.state],
        submission=status.submission,
        status=status,
        lines=lines,
        ended=sum(job.state in ("done", "failed") for job in status.jobs),
        unfinished=record.state in UNFINISHED,
        unseen_parent=unseen,
        csrf=form_token(visitor.secret) if everything and visitor is not None else None,
        wrong=wrong,
    )
    answer = render(request, context, status=200 if wrong is None else 409)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _line(job: JobView, found: ValueView | None, metrics: Mapping[str, MetricRecord]) -> JobLine:
    if found is None:
        return JobLine(job)
    if found.value is None:
        return JobLine(job, missing=found.missing_reason or "")
    metric = metrics.get(found.metric)
    half = None if found.ci_low is None or found.ci_high is None else (found.ci_high - found.ci_low) / 2
    ends = [format_metric(end, metric, half) for end in (found.ci_low, found.ci_high) if end is not None]
    return JobLine(
        job,
        text=format_metric(found.value, metric, half),
        unit=unit_of(metric.unit) if metric is not None else "",
        between=" – ".join(ends),
        metric=metric.title if metric is not None else found.metric,
    )


def _unseen_parent(session: Session, record: SubmissionRecord) -> str | None:
    model = queries.get_model(session, record.hub_repo)
    parent = None if model is None or model.parent is None else queries.get_model(session, model.parent)
    if parent is None or parent.id is None or queries.is_model_shown(session, parent.id):
        return None
    return parent.name


def _visible(session: Session, public_id: str, visitor: SignedIn | None) -> SubmissionRecord:
    hint = "Yours are at /submissions, once you are signed in."
    return visible(session, public_id, visitor.access if visitor else None, hint=hint)
