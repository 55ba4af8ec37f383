"""What a submitter may see of a submission: no lease, no row number, no name of a machine."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from ..declarations import Declared
from ..positions import Position
from ..queries._common import to_record
from ..reasons import REASONS
from ..records import (
    FailureKind,
    JobState,
    SubmissionKind,
    SubmissionRecord,
    SubmissionState,
    TransitionRecord,
    Trust,
    Visibility,
)
from ..redaction import redacted
from ..submissions import Status


@dataclass(frozen=True, kw_only=True)
class SubmissionRequest:
    """What to evaluate: a slug, Hub id or address, with ``@revision`` or not, and a suite (None: the only one).

    ``hub_endpoint`` is the hub that a Hub id is on; None means where the source itself looks. ``method``, ``parent``
    and ``training_data`` are as in :class:`~registry.declarations.Declared`; of kind ``predictions``, the repository
    holds predictions, which are scored again instead of being made.
    """

    model: str
    suite: str | None = None
    visibility: Literal["private", "public"] = "private"
    hub_endpoint: str | None = None
    kind: SubmissionKind = "weights"
    method: str | None = None
    parent: str | None = None
    training_data: str | None = None
    note: str | None = None

    @property
    def declared(self) -> Declared:
        """What stands beside the files."""
        return Declared(self.method, self.parent, self.training_data)


@dataclass(frozen=True, kw_only=True)
class SubmissionView:
    """One submission; times are microseconds since 1970 by the database's clock."""

    public_id: str
    account: str | None
    hub_endpoint: str
    hub_repo: str
    revision: str
    suite: str
    kind: SubmissionKind = "weights"
    method: str | None = None
    parent: str | None = None
    training_data: str | None = None
    note: str | None = None
    replaces: str | None = None
    flagged: str | None = None
    state: SubmissionState
    visibility: Visibility
    reason: str | None
    detail: str | None
    created_us: int
    updated_us: int

    @classmethod
    def of(cls, record: Any) -> Self:
        """The view of a :class:`~registry.records.SubmissionRecord`, without what a machine said of itself."""
        return replace(to_record(cls, record), detail=redacted(record.detail), flagged=redacted(record.flagged))


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One evaluation that a submission waits for."""

    model: str
    task: str
    protocol: str
    seed: int
    state: JobState
    attempt: int
    max_attempts: int
    failure_kind: FailureKind | None
    failure_message: str | None
    created_us: int
    finished_us: int | None


@dataclass(frozen=True, kw_only=True)
class ReasonView:
    """One reason why a submission was refused: what the code means, what was found, what to do."""

    code: str
    detail: str
    sentence: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class ValueView:
    """The primary number of one evaluation, with its interval or the reason why there is none."""

    model: str
    task: str
    protocol: str
    seed: int | None
    metric: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    missing_reason: str | None
    trust: Trust


@dataclass(frozen=True)
class SubmissionStatus:
    """A submission, its history, its jobs, how many jobs of others come first, why it was refused, what was found,
    and where it stands in the queue."""

    submission: SubmissionView
    transitions: tuple[TransitionRecord, ...]
    jobs: tuple[JobView, ...]
    jobs_ahead: int
    reasons: tuple[ReasonView, ...] = ()
    values: tuple[ValueView, ...] = ()
    position: Position | None = None

    @classmethod
    def of(cls, status: Status) -> Self:
        """The view of a :class:`~registry.submissions.Status`; what machines said is redacted."""
        jobs = (to_record(JobView, job) for job in status.jobs)
        return cls(
            SubmissionView.of(status.submission),
            tuple(replace(step, detail=redacted(step.detail)) for step in status.transitions),
            tuple(replace(job, failure_message=redacted(job.failure_message)) for job in jobs),
            status.jobs_ahead,
            tuple(_reasons(status.submission)),
            tuple(to_record(ValueView, value) for value in status.values),
            status.position,
        )


def _reasons(submission: SubmissionRecord) -> Iterator[ReasonView]:
    """Each line of a refusal's detail is a code and what was found (:func:`registry.reasons.told`)."""
    if submission.state != "rejected":
        return
    for line in (submission.detail or f"{submission.reason}: ").splitlines():
        code, _, found = line.partition(": ")
        if code in REASONS:
            yield ReasonView(code=code, detail=redacted(found) or "", **asdict(REASONS[code]))


@dataclass(frozen=True)
class Submitted:
    """A submission, and whether this request made it."""

    submission: SubmissionView
    created: bool


@dataclass(frozen=True)
class SubmissionList:
    """Submissions, newest first, and the number of jobs in the queue by state."""

    submissions: tuple[SubmissionView, ...]
    jobs: Mapping[str, int]
