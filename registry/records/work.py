"""Jobs, submissions, and the steps of a submission."""

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["transient", "out_of_memory", "timeout", "bad_model", "bad_data", "bug"]
JobState = Literal["queued", "leased", "done", "failed"]
SubmissionState = Literal[
    "draft", "received", "checking", "queued", "running", "done", "rejected", "failed", "withdrawn"
]
SubmissionKind = Literal["weights", "predictions"]
Visibility = Literal["private", "public", "hidden"]


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One evaluation as its worker sees it; ``attempt`` and ``lease_owner`` are the fence of every write.

    ``turn`` is its place among the jobs of all submitters, ``device_minutes`` what it is expected to take (None where
    nobody knows). ``delivered``: a worker without the database has sent its predictions, which wait to be scored.
    """

    id: int
    checkpoint_id: int
    model: str
    task: str
    protocol: str
    seed: int
    state: JobState
    attempt: int
    max_attempts: int
    batch_divisor: int
    lease_owner: str | None
    lease_expires_us: int | None
    heartbeat_us: int | None
    not_before_us: int
    turn: float = 0.0
    device_minutes: float | None = None
    delivered: bool = False
    failure_kind: FailureKind | None
    failure_message: str | None
    created_us: int
    finished_us: int | None


@dataclass(frozen=True, kw_only=True)
class SubmissionRecord:
    """Somebody's request to evaluate a model; ``reason`` is a code of :mod:`registry.reasons` or a failure kind.

    ``method``, ``parent`` and ``training_data`` are as in :class:`~registry.declarations.Declared`; ``note`` is the
    submitter's, ``replaces`` the public id of the submission that this one takes the place of, ``flagged`` why its
    numbers are doubted. Of kind ``predictions``, the repository holds predictions that are scored again.
    """

    id: int
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
    checkpoint_id: int | None
    state: SubmissionState
    visibility: Visibility
    reason: str | None
    detail: str | None
    check_attempt: int
    lease_owner: str | None
    lease_expires_us: int | None
    heartbeat_us: int | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, kw_only=True)
class TransitionRecord:
    """One step of a submission."""

    old_state: SubmissionState | None
    new_state: SubmissionState
    reason: str | None
    detail: str | None
    actor: str
    at_us: int
