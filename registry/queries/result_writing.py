"""Results are added once and superseded by newer rows; what was written stays."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..db.models import Metric, Protocol, Result, Task
from ..db.session import mark_changed, now_us
from ..errors import ImmutableRowError, InvalidRecordError
from ..records import ResultRecord
from ._common import columns_of, id_of, unknown
from .jobs import get_job, lock_lease
from .models import ids_by_name, model_id

_COMPARED = [column for column in Result.__table__.columns if column.name != "replicates"]
_NOT_COMPARED = {"replicates", "created_us", "superseded_by", "provenance"}


def add_results(session: Session, job_id: int, attempt: int, owner: str, results: Iterable[ResultRecord]) -> list[int]:
    """Write what a job measured, fenced: only the holder of the job's lease may. Returns the ids.

    Called by :func:`registry.jobs.finish` in the transaction that ends the job. Task, protocol, checkpoint and seed are
    the job's; a record that names others is refused with :class:`~registry.errors.InvalidRecordError`. Raises
    :class:`~registry.errors.LeaseLostError`.
    """
    job = lock_lease(session, job_id, attempt, owner)
    written, names = [], _Names(session)
    for record in results:
        if (record.model, record.task, record.protocol) != (job.model, job.task, job.protocol):
            raise InvalidRecordError(
                f"Job {job_id} is {job.model} on {job.task} by {job.protocol}; "
                f"its result names {record.model} on {record.task} by {record.protocol}."
            )
        if record.trust not in ("measured", "rescored"):
            raise InvalidRecordError(f"The result of a job cannot be {record.trust!r}.")
        fence = {"job_id": job_id, "checkpoint_id": job.checkpoint_id, "seed": job.seed}
        written.append(Result(**(_values(record, names) | fence)))
    session.add_all(written)
    session.flush()
    mark_changed(session)
    return [row.id for row in written]


def add_rescored_results(session: Session, job_id: int, results: Sequence[ResultRecord]) -> tuple[int, int]:
    """Write numbers worked out again from the predictions of a job that is done; returns (written, superseded).

    A number takes the place of those of former versions of its metric under the same condition: they stay, and name it.
    A version that the job has already is refused with :class:`~registry.errors.ImmutableRowError`: a change that
    changes a number is a new version.
    """
    job = get_job(session, job_id, lock=True)
    if job.state != "done":
        raise InvalidRecordError(f"Job {job_id} is {job.state}: only the predictions of a job that is done are whole.")
    names, superseded = _Names(session), 0
    for record in results:
        values = _values(record, names) | {"job_id": job_id, "checkpoint_id": job.checkpoint_id, "seed": job.seed}
        before = _former(session, values)
        if any(row.metric_id == values["metric_id"] for row in before):
            raise ImmutableRowError(
                f"Job {job_id} has {record.metric} under the condition {record.condition!r} already."
            )
        row = Result(**values)
        session.add(row)
        session.flush()
        for older in before:
            if older.superseded_by is None:
                older.superseded_by, superseded = row.id, superseded + 1
    session.flush()
    mark_changed(session)
    return len(results), superseded


def confirm_results(session: Session, job_id: int, provenance: Mapping[str, Any]) -> int:
    """Rescored numbers of a job came out the same here: they count as measured; returns how many.

    The numbers stay; how they are trusted, and why, is added to them.
    """
    found = session.execute(select(Result).filter_by(job_id=job_id, trust="rescored")).scalars().all()
    for row in found:
        row.trust, row.provenance = "measured", {**row.provenance, **provenance}
    session.flush()
    mark_changed(session)
    return len(found)


def trust_of_job(session: Session, job_id: int) -> str | None:
    """How the numbers of a job came about; None where there is none."""
    return session.execute(select(Result.trust).where(Result.job_id == job_id).limit(1)).scalar_one_or_none()


def _former(session: Session, values: Mapping[str, Any]) -> list[Result]:
    """The job's rows of any version of the metric under the condition."""
    wanted = select(Metric.name).where(Metric.id == values["metric_id"]).scalar_subquery()
    statement = (
        select(Result)
        .join(Metric, Result.metric_id == Metric.id)
        .where(Result.job_id == values["job_id"], Result.condition == values["condition"], Metric.name == wanted)
    )
    return list(session.execute(statement).scalars())


def add_reported_results(session: Session, results: Iterable[ResultRecord]) -> int:
    """Write results that others published or that were derived from them; returns how many are new.

    A row is known by model, task, protocol, metric, condition and source; writing it again changes nothing, and with
    another value it raises :class:`~registry.errors.ImmutableRowError`.
    """
    names = _Names(session, all_models=True)
    wanted = {_key(values): values for values in (_reported_values(record, names) for record in results)}
    known = {_key(row._asdict()): row for row in session.execute(select(*_COMPARED).where(Result.job_id.is_(None)))}
    for key, values in wanted.items():
        if key in known:
            _refuse_change(known[key], values)
    new = [values for key, values in wanted.items() if key not in known]
    if new:
        mark_changed(session)
        # One statement for all: without nulls there is one for each run of rows that lack the same values.
        session.execute(insert(Result), new, execution_options={"render_nulls": True})
    return len(new)


def supersede(session: Session, old_id: int, new_id: int) -> None:
    """Name the newer row that takes the place of an older one; the older one stays."""
    row = session.get(Result, old_id)
    if row is None or session.get(Result, new_id) is None:
        raise unknown("result", str(old_id if row is None else new_id), [])
    row.superseded_by = new_id
    session.flush()
    mark_changed(session)


class _Names:
    """Ids of models, tasks, protocols and metrics, each looked up once; and the time of the transaction.

    ``all_models`` are looked up together, for rows of hundreds.
    """

    def __init__(self, session: Session, *, all_models: bool = False) -> None:
        self.now = now_us(session)
        known = ids_by_name(session) if all_models else {}
        self.model = cache(lambda name: known[name] if name in known else model_id(session, name))
        self.task = cache(partial(id_of, session, Task))
        self.protocol = cache(partial(id_of, session, Protocol))
        self.metric = cache(partial(id_of, session, Metric))


def _reported_values(record: ResultRecord, names: _Names) -> dict[str, Any]:
    if record.trust not in ("reported", "derived") or not record.source:
        raise InvalidRecordError("A result without a job is reported or derived, and names its source.")
    return _values(record, names)


def _key(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the unique index of rows without a job is over."""
    return tuple(values[name] for name in ("model_id", "task_id", "protocol_id", "metric_id", "condition", "source"))


def _refuse_change(row: Any, values: Mapping[str, Any]) -> None:
    changed = [name for name in values if name not in _NOT_COMPARED and getattr(row, name) != values[name]]
    if changed:
        raise ImmutableRowError(
            f"Another {sorted(changed)[0]} is recorded for a result from {values['source']} (row {row.id}).",
            "Name the commit or version of the corrected source, and supersede the old row.",
        )


def _values(record: ResultRecord, names: _Names) -> dict[str, Any]:
    numbers = (record.value, record.std, record.ci_low, record.ci_high)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise InvalidRecordError(
            f"{record.metric} of {record.model} on {record.task} is not a finite number.",
            "Write value=None with a missing_reason.",
        )
    values = columns_of(record, ("provenance",), skip=("id", "model", "task", "protocol", "metric"))
    return values | {
        "model_id": names.model(record.model),
        "task_id": names.task(record.task),
        "protocol_id": names.protocol(record.protocol),
        "metric_id": names.metric(record.metric),
        "created_us": names.now,
    }
