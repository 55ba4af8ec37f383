"""Rows of submissions. What may happen to one is decided in :mod:`registry.submission_rules`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from ..db.models import Account, Checkpoint, Model, Submission, SubmissionJob, Suite, Transition
from ..db.session import mark_changed
from ..errors import LeaseLostError
from ..records import SubmissionKind, SubmissionRecord, TransitionRecord
from ._common import insert_or_ignore, split_reference, to_record, unknown

_COLUMNS = [column for column in Submission.__table__.columns if column.name != "account_id"]
# What a transition may change.
_STATE = (
    "state", "visibility", "suite", "method", "note", "flagged",
    "reason", "detail", "checkpoint_id", "check_attempt", "lease_owner", "lease_expires_us",
    "heartbeat_us", "updated_us",
)  # fmt: skip
UNFINISHED = ("draft", "received", "checking", "queued", "running")


def insert_submission(session: Session, account_id: int | None, values: dict[str, Any], actor: str) -> SubmissionRecord:
    """Write a new submission and its first transition."""
    row = Submission(account_id=account_id, **values)
    session.add(row)
    session.flush()
    add_transition(session, row.id, None, row.state, actor, row.created_us)
    return get_submission(session, row.public_id)


def get_submission(session: Session, public_id: str, *, lock: bool = False) -> SubmissionRecord:
    """The submission of that public id; raises :class:`~registry.errors.UnknownRecordError`."""
    statement = _statement().where(Submission.public_id == public_id)
    row = session.execute(statement.with_for_update(of=Submission) if lock else statement).first()
    if row is None:
        raise unknown("submission", public_id, list(session.execute(select(Submission.public_id)).scalars()))
    return SubmissionRecord(**row._mapping)


def lock_check(session: Session, public_id: str, check_attempt: int, owner: str) -> SubmissionRecord:
    """The submission, locked, if this attempt of this owner is checking it; else :class:`LeaseLostError`."""
    submission = get_submission(session, public_id, lock=True)
    if (submission.state, submission.check_attempt, submission.lease_owner) != ("checking", check_attempt, owner):
        raise LeaseLostError(
            f"{owner} no longer holds check {check_attempt} of submission {public_id}: it is {submission.state}."
        )
    return submission


def list_submissions(
    session: Session, *, state: str | None = None, account_id: int | None = None, unfinished: bool = False
) -> list[SubmissionRecord]:
    """Submissions, newest first."""
    statement = _statement().order_by(Submission.id.desc())
    if state is not None:
        statement = statement.where(Submission.state == state)
    if account_id is not None:
        statement = statement.where(Submission.account_id == account_id)
    if unfinished:
        statement = statement.where(Submission.state.in_(UNFINISHED))
    return [SubmissionRecord(**row._mapping) for row in session.execute(statement)]


def lock_suite(session: Session, suite: str) -> bool:
    """Make other requests for this suite wait (SQLite's write transactions do so anyway); False if it is unknown."""
    name, version = split_reference(suite, "suite")
    statement = select(Suite.id).where(Suite.name == name, Suite.version == version).with_for_update()
    return session.execute(statement).first() is not None


def find_unfinished(
    session: Session,
    account_id: int | None,
    hub_endpoint: str,
    hub_repo: str,
    revision: str,
    suite: str,
    kind: SubmissionKind = "weights",
) -> SubmissionRecord | None:
    """The submission of the same thing by the same account that has not ended."""
    statement = _statement().where(
        Submission.account_id == account_id,
        Submission.hub_endpoint == hub_endpoint,
        Submission.hub_repo == hub_repo,
        Submission.revision == revision,
        Submission.suite == suite,
        Submission.kind == kind,
        Submission.state.in_(UNFINISHED),
    )
    row = session.execute(statement.limit(1)).first()
    return None if row is None else SubmissionRecord(**row._mapping)


def is_published(session: Session, checkpoint_id: int) -> bool:
    """Whether somebody shows everybody what a checkpoint was found to be."""
    shown = (Submission.state == "done") & (Submission.visibility == "public")
    statement = select(Submission.id).where(Submission.checkpoint_id == checkpoint_id, shown)
    return session.execute(statement.limit(1)).first() is not None


def may_describe(session: Session, submission_id: int, model_id: int, *, listed: bool) -> bool:
    """Whether the words of a submission are that model's: nobody else had it accepted in public before.

    What curators brought into the catalogue is theirs; a submission without account comes from them.
    """
    mine = account_of(session, submission_id)
    if mine is None:
        return True
    first = session.execute(
        select(Submission.account_id)
        .join(Checkpoint, Checkpoint.id == Submission.checkpoint_id)
        .where(
            Checkpoint.model_id == model_id,
            Submission.state.in_(("queued", "running", "done")),
            Submission.visibility != "private",
        )
        .order_by(Submission.id)
        .limit(1)
    ).one_or_none()
    return not listed if first is None else first.account_id == mine


def rename_method(session: Session, submission: SubmissionRecord, method: str) -> None:
    """Another name for the method of a submitted model, by who may describe it; slugs are the curators'."""
    row = session.execute(select(Model).join(Checkpoint).where(Checkpoint.id == submission.checkpoint_id)).scalar_one()
    if row.slug is None and may_describe(session, submission.id, row.id, listed=row.listed):
        row.method = method
        mark_changed(session)


def warn_of_model(session: Session, checkpoint_id: int, caveat: str) -> None:
    """Say beside a submitted model what its readers should know."""
    of_checkpoint = select(Checkpoint.model_id).where(Checkpoint.id == checkpoint_id).scalar_subquery()
    session.execute(update(Model).where(Model.id == of_checkpoint, Model.slug.is_(None)).values(caveat=caveat))
    mark_changed(session)


def next_received(session: Session) -> SubmissionRecord | None:
    """The oldest submission that waits for its check, locked; those that others are claiming are passed over."""
    statement = _statement().where(Submission.state == "received").order_by(Submission.id).limit(1)
    row = session.execute(statement.with_for_update(of=Submission, skip_locked=True)).first()
    return None if row is None else SubmissionRecord(**row._mapping)


def expired_checks(session: Session, now: int, tolerance: int) -> list[SubmissionRecord]:
    """Submissions whose checker fell silent, locked; also those with a heartbeat from the future."""
    over = or_(Submission.lease_expires_us <= now, Submission.heartbeat_us > now + tolerance)
    statement = _statement().where(Submission.state == "checking", over).order_by(Submission.id)
    found = session.execute(statement.with_for_update(of=Submission, skip_locked=True))
    return [SubmissionRecord(**row._mapping) for row in found]


def waiting_for(session: Session, job_id: int | None) -> list[SubmissionRecord]:
    """Queued and running submissions, locked: those that wait for a job, or all of them."""
    statement = _statement().where(Submission.state.in_(("queued", "running"))).order_by(Submission.id)
    if job_id is not None:
        waiting = select(SubmissionJob.submission_id).where(SubmissionJob.job_id == job_id)
        statement = statement.where(Submission.id.in_(waiting))
    return [SubmissionRecord(**row._mapping) for row in session.execute(statement.with_for_update(of=Submission))]


def write_submission(session: Session, before: SubmissionRecord, after: SubmissionRecord, actor: str) -> None:
    """Write the new state of a submission that this transaction has locked, and the step that led to it."""
    values = asdict(after)
    changed = {name: values[name] for name in _STATE}
    session.execute(update(Submission).where(Submission.id == before.id).values(changed))
    if after.visibility != before.visibility:
        mark_changed(session)
    if after.state != before.state:
        add_transition(
            session, before.id, before.state, after.state, actor, after.updated_us, after.reason, after.detail
        )


def add_transition(
    session: Session,
    submission_id: int,
    old_state: str | None,
    new_state: str,
    actor: str,
    at_us: int,
    reason: str | None = None,
    detail: str | None = None,
) -> None:
    """Append one step to a submission's history."""
    mark_changed(session)
    row = Transition(
        submission_id=submission_id, old_state=old_state, new_state=new_state, reason=reason, detail=detail,
        actor=actor, at_us=at_us,
    )  # fmt: skip
    session.add(row)
    session.flush()


def transitions_of(session: Session, submission_id: int) -> list[TransitionRecord]:
    """A submission's history, oldest first."""
    statement = select(Transition).where(Transition.submission_id == submission_id).order_by(Transition.id)
    return [to_record(TransitionRecord, row) for row in session.execute(statement).scalars()]


def link_jobs(session: Session, submission_id: int, charges: Mapping[int, float | None]) -> None:
    """Write which jobs a submission waits for, and what it is charged for each (None: it was there before)."""
    for job_id, minutes in charges.items():
        values = {"submission_id": submission_id, "job_id": job_id, "device_minutes": minutes}
        insert_or_ignore(session, SubmissionJob, values)


def account_of(session: Session, submission_id: int) -> int | None:
    """Whose submission it is."""
    return session.execute(select(Submission.account_id).where(Submission.id == submission_id)).scalar_one()


def checks_ahead(session: Session, submission_id: int) -> int:
    """How many submissions are checked before this one."""
    earlier = (Submission.id < submission_id) & Submission.state.in_(("received", "checking"))
    return session.execute(select(func.count()).select_from(Submission).where(earlier)).scalar_one()


def _statement() -> Select[Any]:
    return select(*_COLUMNS, Account.name.label("account")).outerjoin(Account, Submission.account_id == Account.id)
