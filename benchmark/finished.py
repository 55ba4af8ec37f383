"""The finished evaluations of a model: which there are, and the ones that a caller means."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from registry import queries
from registry.records import JobRecord
from zoo.core.errors import UsageError

from .errors import NotMeasuredError


def finished_jobs(session: Session, model: str, task: str, protocol: str | None = None) -> list[JobRecord]:
    """The finished jobs of a model's current checkpoint on a task by a protocol, by seed; one at least.

    Task and protocol are ``name@version``, or the name alone where one version of it was measured; the protocol may be
    left out where there was one. Raises :class:`~registry.errors.UnknownRecordError` for a model that the catalogue
    does not have, :class:`~benchmark.errors.NotMeasuredError` where nothing fits, and
    :class:`~zoo.core.errors.UsageError` where more than one version or protocol does.
    """
    checkpoint = queries.checkpoint_of(session, queries.model_id(session, model))
    if checkpoint is None or checkpoint.id is None:
        raise NotMeasuredError(
            f"{model} was not measured here: the catalogue has numbers of it from elsewhere, and no checkpoint.",
            "Its rows name their source: prunarium search, or the model's page.",
        )
    done = [job for job in queries.jobs_of(session, checkpoint.id) if job.state == "done"]
    if not done:
        raise NotMeasuredError(f"{model} was not measured yet.", f"prunarium benchmark run --models {model}")
    by_task = _only(done, "task", task, f"{model} was measured on")
    if protocol is None:
        protocol = _single({job.protocol for job in by_task}, f"{model} on {by_task[0].task}", "--protocol")
    found = _only(by_task, "protocol", protocol, f"{model} was measured on {by_task[0].task} by")
    return sorted(found, key=lambda job: job.seed)


def of_seed(jobs: Sequence[JobRecord], seed: int | None) -> JobRecord:
    """The job of a seed; without one, the only job. Raises :class:`~zoo.core.errors.UsageError`."""
    seeds = [job.seed for job in jobs]
    what = f"{jobs[0].model} on {jobs[0].task} by {jobs[0].protocol}"
    if seed is None:
        if len(jobs) > 1:
            raise UsageError(f"{what} was measured with the seeds {_listed(seeds)}.", f"Name one: seed {seeds[0]}.")
        return jobs[0]
    if seed not in seeds:
        raise UsageError(f"{what} was not measured with seed {seed}.", f"There are: {_listed(seeds)}.")
    return jobs[seeds.index(seed)]


def _only(jobs: Sequence[JobRecord], field: str, wanted: str, so_far: str) -> list[JobRecord]:
    """Those of one task (or protocol), which ``wanted`` names with or without its version."""
    known = {getattr(job, field) for job in jobs}
    fitting = {name for name in known if wanted in (name, name.rpartition("@")[0])}
    if not fitting:
        raise NotMeasuredError(f"{so_far} {_listed(sorted(known))}; {wanted!r} is none of these.")
    name = _single(fitting, wanted, f"--{field}")
    return [job for job in jobs if getattr(job, field) == name]


def _single(names: set[str], of: str, option: str) -> str:
    if len(names) > 1:
        raise UsageError(f"{of} may be {_listed(sorted(names))}.", f"Name one, such as {option} {min(names)}.")
    return next(iter(names))


def _listed(names: Sequence[object]) -> str:
    return ", ".join(map(str, names))
