"""What a submitter may see of a submission: no lease, no row number, no name of a machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from ..queries._common import to_record
from ..records import FailureKind, JobState, SubmissionState, TransitionRecord, Visibility
from ..submissions import Status


@dataclass(frozen=True, kw_only=True)
class SubmissionRequest:
    """What to evaluate: a slug, Hub id or address, with ``@revision`` or not, and a suite (None: the only one).

    ``hub_endpoint`` is the hub that a Hub id is on; None means where the source itself looks.
    """

    model: str
    suite: str | None = None
    visibility: Literal["private", "public"] = "private"
    hub_endpoint: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubmissionView:
    """One submission; times are microseconds since 1970 by the database's clock."""

    public_id: str
    account: str | None
    hub_endpoint: str
    hub_repo: str
    revision: str
    suite: str
    state: SubmissionState
    visibility: Visibility
    reason: str | None
    detail: str | None
    created_us: int
    updated_us: int

    @classmethod
    def of(cls, record: Any) -> Self:
        """The view of a :class:`~registry.records.SubmissionRecord`."""
        return to_record(cls, record)


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


@dataclass(frozen=True)
class SubmissionStatus:
    """A submission, its history, its jobs, and how many jobs of others come first."""

    submission: SubmissionView
    transitions: tuple[TransitionRecord, ...]
    jobs: tuple[JobView, ...]
    jobs_ahead: int

    @classmethod
    def of(cls, status: Status) -> Self:
        """The view of a :class:`~registry.submissions.Status`."""
        jobs = tuple(to_record(JobView, job) for job in status.jobs)
        return cls(SubmissionView.of(status.submission), status.transitions, jobs, status.jobs_ahead)


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
