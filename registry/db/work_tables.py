"""Submissions, the one job queue, results and predictions."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds

SUBMISSION_STATES = (
    "draft", "received", "checking", "queued", "running", "done", "rejected", "failed", "withdrawn",
)  # fmt: skip
JOB_STATES = ("queued", "leased", "done", "failed")
FAILURE_KINDS = ("transient", "out_of_memory", "timeout", "bad_model", "bad_data", "bug")
TRUST_LEVELS = ("reported", "derived", "rescored", "measured")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} in ({', '.join(repr(value) for value in values)})"


class Submission(Base):
    """Somebody's request to evaluate a model."""

    __tablename__ = "submission"
    __table_args__ = (
        CheckConstraint(_one_of("state", SUBMISSION_STATES), name="state"),
        CheckConstraint("visibility in ('private', 'public', 'hidden')", name="visibility"),
        CheckConstraint(
            "(state = 'checking') = (lease_owner is not null) and (lease_owner is null) = (lease_expires_us is null)",
            name="lease",
        ),
        Index("ix_submission_state", "state", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    hub_endpoint: Mapped[str]
    hub_repo: Mapped[str]
    revision: Mapped[str]
    suite: Mapped[str]
    kind: Mapped[str] = mapped_column(default="weights")
    method: Mapped[str | None]
    parent: Mapped[str | None]
    training_data: Mapped[str | None]
    note: Mapped[str | None]
    # The public id of the submission that this one takes the place of.
    replaces: Mapped[str | None]
    # Why what it states is doubted: a spot check that came out otherwise.
    flagged: Mapped[str | None]
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoint.id"))
    state: Mapped[str]
    visibility: Mapped[str] = mapped_column(default="private")
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    check_attempt: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_expires_us: Mapped[int | None] = mapped_column(Microseconds)
    heartbeat_us: Mapped[int | None] = mapped_column(Microseconds)
    created_us: Mapped[int] = mapped_column(Microseconds)
    updated_us: Mapped[int] = mapped_column(Microseconds)


class Transition(Base):
    """One step of a submission; rows are added and never changed."""

    __tablename__ = "transition"
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    old_state: Mapped[str | None]
    new_state: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    actor: Mapped[str]
    at_us: Mapped[int] = mapped_column(Microseconds)


class SubmissionJob(Base):
    """Which jobs a submission waits for; a job may serve several submissions."""

    __tablename__ = "submission_job"
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, index=True)
    # What the submitter was charged for it; null where the job was there before.
    device_minutes: Mapped[float | None]


class Job(Base):
    """One evaluation: a checkpoint on a task version by a protocol version with a seed, once in all history."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("checkpoint_id", "task_id", "protocol_id", "seed"),
        CheckConstraint(_one_of("state", JOB_STATES), name="state"),
        CheckConstraint(f"failure_kind is null or {_one_of('failure_kind', FAILURE_KINDS)}", name="failure_kind"),
        CheckConstraint(
            "(state = 'leased') = (lease_owner is not null) and (state = 'leased') = (lease_expires_us is not null)",
            name="lease",
        ),
        # Queued jobs in the order in which they are claimed.
        Index("ix_job_state", "state", "turn", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoint.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    seed: Mapped[int]
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    batch_divisor: Mapped[int] = mapped_column(default=1)
    lease_owner: Mapped[str | None]
    lease_expires_us: Mapped[int | None] = mapped_column(Microseconds)
    heartbeat_us: Mapped[int | None] = mapped_column(Microseconds)
    not_before_us: Mapped[int] = mapped_column(Microseconds, default=0)
    # Its place among the jobs of all submitters, and what it is expected to take.
    turn: Mapped[float] = mapped_column(default=0.0)
    device_minutes: Mapped[float | None]
    # A worker without the database has delivered; what it sent waits to be scored.
    delivered: Mapped[bool] = mapped_column(default=False)
    failure_kind: Mapped[str | None]
    failure_message: Mapped[str | None]
    created_us: Mapped[int] = mapped_column(Microseconds)
    finished_us: Mapped[int | None] = mapped_column(Microseconds)


class JobAttempt(Base):
    """One lease of a job: who held it, how it ended, what it used."""

    __tablename__ = "job_attempt"
    __table_args__ = (
        UniqueConstraint("job_id", "attempt"),
        CheckConstraint("outcome is null or outcome in ('done', 'failed', 'expired', 'released')", name="outcome"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    attempt: Mapped[int]
    owner: Mapped[str]
    started_us: Mapped[int] = mapped_column(Microseconds)
    ended_us: Mapped[int | None] = mapped_column(Microseconds)
    outcome: Mapped[str | None]
    failure_kind: Mapped[str | None]
    failure_message: Mapped[str | None]
    resources: Mapped[dict[str, Any] | None]


class Delivery(Base):
    """What a worker without the database sent for its attempt; scored from the predictions before it counts."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("job_id", "attempt"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    attempt: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    document: Mapped[dict[str, Any]]
    at_us: Mapped[int] = mapped_column(Microseconds)


class Worker(Base):
    """A worker process that was heard of; ``account_id`` is that of its token, if it came by one."""

    __tablename__ = "worker"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    device: Mapped[str | None]
    started_us: Mapped[int] = mapped_column(Microseconds)
    seen_us: Mapped[int] = mapped_column(Microseconds, index=True)


_ANY_VALUE = "superseded_by is null and value is not null"
_WHOLE_VALUE = f"condition = '' and {_ANY_VALUE}"


class Result(Base):
    """One value of one metric, or the reason why there is none; ``superseded_by`` names a newer row."""

    __tablename__ = "result"
    __table_args__ = (
        CheckConstraint(_one_of("trust", TRUST_LEVELS), name="trust"),
        CheckConstraint("(value is null) <> (missing_reason is null)", name="value_or_reason"),
        CheckConstraint(
            "(trust in ('reported', 'derived')) = (job_id is null) and (job_id is null) = (checkpoint_id is null)"
            " and (job_id is not null or source is not null)",
            name="provenance",
        ),
        CheckConstraint(
            "value is null or ((ci_low is null) = (ci_high is null) and (ci_low is null) = (interval_method is null)"
            " and (ci_low is not null or no_interval_reason is not null))",
            name="interval",
        ),
        UniqueConstraint("job_id", "metric_id", "condition"),
        # The uniqueness above does not bind rows without a job: SQL counts two nulls as different.
        Index(
            "uq_result_source",
            "model_id",
            "task_id",
            "protocol_id",
            "metric_id",
            "condition",
            "source",
            unique=True,
            sqlite_where=text("job_id is null"),
            postgresql_where=text("job_id is null"),
        ),
        Index("ix_result_model_task", "model_id", "task_id", "protocol_id", "metric_id"),
        # Searches by a metric and by trust read these alone: a row of this table has kilobytes of replicates.
        Index(
            "ix_result_whole_value",
            "metric_id",
            "task_id",
            "protocol_id",
            "model_id",
            "checkpoint_id",
            "value",
            sqlite_where=text(_WHOLE_VALUE),
            postgresql_where=text(_WHOLE_VALUE),
        ),
        Index(
            "ix_result_trust",
            "model_id",
            "trust",
            "checkpoint_id",
            sqlite_where=text(_ANY_VALUE),
            postgresql_where=text(_ANY_VALUE),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"))
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoint.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    metric_id: Mapped[int] = mapped_column(ForeignKey("metric.id"))
    seed: Mapped[int | None]
    condition: Mapped[str] = mapped_column(default="")
    value: Mapped[float | None]
    missing_reason: Mapped[str | None]
    n: Mapped[int | None]
    runs: Mapped[int] = mapped_column(default=1)
    std: Mapped[float | None]
    ci_low: Mapped[float | None]
    ci_high: Mapped[float | None]
    interval_method: Mapped[str | None]
    no_interval_reason: Mapped[str | None]
    replicates: Mapped[bytes | None]
    trust: Mapped[str]
    source: Mapped[str | None]
    provenance: Mapped[dict[str, Any]]
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("result.id"))
    created_us: Mapped[int] = mapped_column(Microseconds)


class ImageSet(Base):
    """The images of a test set, once: ids, labels and names of the classes (:mod:`registry.image_sets`)."""

    __tablename__ = "image_set"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    n: Mapped[int]
    content: Mapped[bytes]


class Prediction(Base):
    """The per-sample predictions of a job, by the address of their blob; ``correct`` is a bit an image of a set."""

    __tablename__ = "prediction"
    __table_args__ = (
        UniqueConstraint("job_id", "condition"),
        CheckConstraint("(image_set_id is null) = (correct is null)", name="answers"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    condition: Mapped[str] = mapped_column(default="")
    blob_sha256: Mapped[str]
    array_hash: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int]
    sparsity_before: Mapped[float | None]
    sparsity_after: Mapped[float | None]
    image_set_id: Mapped[int | None] = mapped_column(ForeignKey("image_set.id"))
    correct: Mapped[bytes | None]
    created_us: Mapped[int] = mapped_column(Microseconds)
