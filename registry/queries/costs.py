"""What evaluations took: the seconds of every attempt that ended well, with the device that its results name."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db.models import Checkpoint, Job, JobAttempt, Protocol, Result, Task
from ._common import reference_of


class MeasuredCost(NamedTuple):
    """One evaluation: ``flops`` of one image by the checkpoint's dense arithmetic (None where nobody counted)."""

    task: str
    protocol: str
    architecture: str
    flops: float | None
    device: str
    seconds: float


def measured_costs(session: Session) -> list[MeasuredCost]:
    """All of history, oldest first; attempts that told no seconds or no device are left out."""
    device = select(Result.provenance["device"].as_string()).where(Result.job_id == Job.id).limit(1).scalar_subquery()
    statement = (
        select(
            reference_of(Task).label("task"),
            reference_of(Protocol).label("protocol"),
            Checkpoint.architecture,
            Checkpoint.flops_dense,
            device.label("device"),
            JobAttempt.resources,
        )
        .join(Job, JobAttempt.job_id == Job.id)
        .join(Checkpoint, Job.checkpoint_id == Checkpoint.id)
        .join(Task, Job.task_id == Task.id)
        .join(Protocol, Job.protocol_id == Protocol.id)
        .where(JobAttempt.outcome == "done")
        .order_by(JobAttempt.id)
    )
    return [cost for row in session.execute(statement) if (cost := _cost(row)) is not None]


def _cost(row: Any) -> MeasuredCost | None:
    seconds = (row.resources or {}).get("seconds")
    if seconds is None or row.device is None:
        return None
    return MeasuredCost(row.task, row.protocol, row.architecture, row.flops_dense, row.device, float(seconds))
