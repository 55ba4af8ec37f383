"""``benchmark run``: plan, enqueue what is missing, drain with this machine's workers, report."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import JobRecord, ModelRecord
from registry.settings import Settings
from zoo.core.data_names import data_name
from zoo.core.errors import UsageError
from zoo.core.progress import counting

from .estimate import Estimate, Wanted, estimates
from .executors import EXECUTORS, Json
from .job import JobKey, job_of
from .order import WorkOrder
from .placement import Placement
from .plan import Plan, Target, make_plan, wanted_jobs
from .prefetch import prefetch
from .protocols import PROTOCOLS
from .receipt_files import KEPT, keep_receipts, own_key
from .shifts import PublishedShift
from .sources import folder_source, hub_source
from .suites import Suite, find_suite
from .sync import sync_benchmark
from .tasks import OpenOodTask, UpstreamTask, find_task


@dataclass(frozen=True)
class FailedJob:
    """A job that failed for good, now or in an earlier run."""

    job_id: int
    model: str
    task: str
    protocol: str
    seed: int
    kind: str
    message: str


@dataclass(frozen=True)
class RunReport:
    """``done`` in this run, ``reused`` from earlier ones, ``failed`` for good; together all wanted jobs.

    ``receipts`` is the folder with the signed receipt of each that is done, None where this home has no key.
    """

    suite: str
    models: int
    done: int
    reused: int
    failed: tuple[FailedJob, ...]
    receipts: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {**asdict(self), "failed": [asdict(job) for job in self.failed]}


def make_suite_plan(
    engine: Engine, suite: str | Suite, models: Sequence[str] | None = None, seeds: Sequence[int] | None = None
) -> tuple[Suite, Plan]:
    """What ``benchmark run`` would do; ``models`` are slugs or hub ids, None for all that the suite applies to.

    Raises :class:`UsageError` for unknown names, and for models that have no checkpoint to measure.
    """
    suite = find_suite(suite) if isinstance(suite, str) else suite
    with session_scope(engine) as session:
        targets = _targets(session, suite, models)
        existing = {
            JobKey(job.checkpoint_id, job.task, job.protocol, job.seed)
            for target in targets
            for job in queries.jobs_of(session, target.checkpoint_id)
        }
    seeded = {name: protocol.facts.seeded for name, protocol in PROTOCOLS.items()}
    return suite, make_plan(wanted_jobs(suite, targets, seeded, seeds), existing)


def estimate_plan(engine: Engine, plan: Plan) -> list[Estimate]:
    """What the missing jobs of ``plan`` will take on each device that this catalogue has measurements of."""
    with session_scope(engine) as session:
        checkpoints = {job.checkpoint_id: queries.get_checkpoint(session, job.checkpoint_id) for job in plan.missing}
        history = queries.measured_costs(session)
    wanted = [
        Wanted(job.task, job.protocol, record.architecture, record.flops_dense)
        for job in plan.missing
        if (record := checkpoints[job.checkpoint_id]) is not None
    ]
    return estimates(wanted, history)


def run(
    settings: Settings,
    suite: str | Suite,
    models: Sequence[str] | None = None,
    *,
    seeds: Sequence[int] | None = None,
    placement: Placement | None = None,
    executor: str | None = None,
    folders: Path | None = None,
    retry_failed: bool = False,
) -> RunReport:
    """Evaluate, and return when every wanted job has ended. An interrupted run is continued by the same call.

    ``executor`` is a name of ``EXECUTORS``; without one, jobs run in this process, or for several workers in as many.
    Raises what :func:`make_suite_plan` raises; a failing job is no error here but a line of the report.
    """
    start = time.perf_counter()
    engine = open_catalogue(settings)
    try:
        sync_benchmark(engine)
        suite, plan = make_suite_plan(engine, suite, models, seeds)
        ids, before = _enqueue(engine, plan, retry_failed)
        unfinished = [job_id for job_id, state in before.items() if state in ("queued", "leased")]
        if unfinished:
            order = WorkOrder.from_settings(
                settings, folders=None if folders is None else str(folders.absolute()), job_ids=tuple(unfinished)
            )
            if executor is None:  # another one may compute where nobody reads this machine's cache
                _prefetch(engine, settings, unfinished, folders)
            _drain(order, executor, placement or Placement(), len(unfinished))
        receipts = _receipts(engine, settings, ids)
        return _report(engine, suite, ids, before, receipts, time.perf_counter() - start)
    finally:
        engine.dispose()


def _targets(session: Session, suite: Suite, models: Sequence[str] | None) -> list[Target]:
    if models is None:
        found = [model for model in queries.list_models(session) if _applies(suite, model)]
    else:
        ids = [queries.model_id(session, name) for name in dict.fromkeys(models)]
        found = [model for model_id in ids if (model := queries.get_model_by_id(session, model_id)) is not None]
    targets = []
    for model in found:
        checkpoint = None if model.id is None else queries.checkpoint_of(session, model.id)
        if checkpoint is not None and checkpoint.id is not None:
            targets.append(Target(checkpoint.id, model.name))
        elif models is not None:
            raise UsageError(
                f"The catalogue has no checkpoint of {model.name} ({model.availability_detail or model.availability}).",
                "Publish one: prunarium publish DIR",
            )
    if not targets:
        raise UsageError(f"There is no model for {suite.id} in the catalogue.", "Publish one: prunarium publish DIR")
    return targets


def _applies(suite: Suite, model: ModelRecord) -> bool:
    """Whether ``model`` was trained on what the suite's tasks expect (digits never meet ImageNet models)."""
    tasks = [find_task(cell.task) for cell in suite.cells]
    wanted = {task.data.spec for task in tasks if isinstance(task, UpstreamTask)}
    wanted |= {task.upstream_data for task in tasks if isinstance(task, PublishedShift | OpenOodTask)}
    return wanted <= {data_name(model.upstream_data or "").removeprefix("archive:")}


def _enqueue(engine: Engine, plan: Plan, retry_failed: bool) -> tuple[list[int], dict[int, str]]:
    """Ids of all wanted jobs, and the state of each before the work begins."""
    with session_scope(engine, write=True) as session:
        wanted = [jobs.Evaluation(*job.key) for job in plan.wanted]
        ids = [job_id for job_id, _ in jobs.enqueue_all(session, wanted)]
        records = [queries.get_job(session, job_id) for job_id in ids]
        states = {job.id: str(job.state) for job in records}
        for job in records:
            if retry_failed and job.state == "failed":
                states[job.id] = jobs.retry(session, job.id).state
    return ids, states


def _prefetch(engine: Engine, settings: Settings, job_ids: Sequence[int], folders: Path | None) -> None:
    with session_scope(engine) as session:
        records = [queries.get_job(session, job_id) for job_id in job_ids]
    source = hub_source(engine, settings) if folders is None else folder_source(engine, folders)
    prefetch([job_of(record) for record in records], source)


def _drain(order: WorkOrder, executor: str | None, placement: Placement, total: int) -> None:
    chosen = EXECUTORS[executor or ("in-process" if placement.workers == 1 else "local-processes")]
    wanted = set(order.job_ids or ())
    with counting("Evaluating", total) as advance:

        def report(event: Json) -> None:
            if event["state"] in ("done", "failed") and event["job_id"] in wanted:
                advance()

        chosen.drain(order.to_json(), placement, report)


def _receipts(engine: Engine, settings: Settings, ids: list[int]) -> str | None:
    """Of all that is done: a worker on another machine has no key, and one that was killed may have left one out."""
    if (key := own_key(settings)) is None:
        return None
    with session_scope(engine) as session:
        done = [job_id for job_id in ids if queries.get_job(session, job_id).state == "done"]
    keep_receipts(engine, settings, key, done)
    return str(settings.home / KEPT)


def _report(
    engine: Engine, suite: Suite, ids: list[int], before: dict[int, str], receipts: str | None, seconds: float
) -> RunReport:
    with session_scope(engine) as session:
        after = [queries.get_job(session, job_id) for job_id in ids]
    return RunReport(
        suite=suite.id,
        models=len({job.checkpoint_id for job in after}),
        done=sum(job.state == "done" and before[job.id] != "done" for job in after),
        reused=sum(before[job.id] == "done" for job in after),
        failed=tuple(_failed(job) for job in after if job.state == "failed"),
        receipts=receipts,
        seconds=round(seconds, 2),
    )


def _failed(job: JobRecord) -> FailedJob:
    return FailedJob(
        job.id, job.model, job.task, job.protocol, job.seed, job.failure_kind or "bug", job.failure_message or ""
    )
