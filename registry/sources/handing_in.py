"""From what somebody typed to a submission: the same for the command line, the API and the form."""

from collections.abc import Collection
from typing import Literal

from sqlalchemy.orm import Session

from zoo.core.errors import UsageError

from .. import submissions
from ..addresses import parse_address
from ..declarations import is_free_method
from ..queries.submissions import get_submission
from ..records import SubmissionRecord
from ..submission_rules import Edit
from ..targets import choose_suite, require_revision, resolve_target
from .submitted import SubmissionRequest


def hand_in(
    session: Session,
    request: SubmissionRequest,
    *,
    actor: str,
    account_id: int | None = None,
    allowed: Collection[str] | None = None,
) -> tuple[SubmissionRecord, bool]:
    """Hand in; returns (submission, whether it is new). With ``allowed``, models come from these hubs only.

    Raises :class:`~zoo.core.errors.UsageError` and :class:`~registry.errors.UnknownRecordError` for what cannot be
    meant: everything that needs a look at the files is the check's.
    """
    place = resolve_target(session, request.model, request.hub_endpoint, allowed=allowed)
    _require_method(request.method)
    if request.parent:
        parse_address(request.parent)
    return submissions.submit(
        session,
        hub_endpoint=place.hub_endpoint,
        hub_repo=place.hub_repo,
        revision=place.revision,
        suite=choose_suite(session, request.suite),
        actor=actor,
        account_id=account_id,
        visibility=request.visibility,
        kind=request.kind,
        declared=request.declared,
        note=request.note or None,
    )


def edit_of(
    session: Session,
    *,
    suite: str | None = None,
    method: str | None = None,
    note: str | None = None,
    visibility: Literal["private", "public"] | None = None,
) -> Edit:
    """What is to change. Raises as :func:`hand_in`, and :class:`~zoo.core.errors.UsageError` where nothing is."""
    _require_method(method)
    wanted = choose_suite(session, suite) if suite else None
    edit = Edit(suite=wanted, method=method, note=note, visibility=visibility)
    if not edit.fields:
        raise UsageError("Nothing is to change.", "Name a visibility, note, method or suite.")
    return edit


def resubmission(
    session: Session, public_id: str, actor: str, *, revision: str | None = None, suite: str | None = None
) -> SubmissionRecord:
    """Hand in anew. At the revision of the old one unless another is named; a branch or tag is looked up again."""
    get_submission(session, public_id)
    if revision is not None:
        require_revision(revision)
    wanted = choose_suite(session, suite) if suite else None
    return submissions.resubmit(session, public_id, actor, revision=revision, suite=wanted)


def _require_method(method: str | None) -> None:
    if method and not is_free_method(method):
        raise UsageError(
            f"{method[:80]!r} is no name of a method.",
            "Write @author/name, such as @ada/wise-pruning; a method of the zoo stands in prunarium.json.",
        )
