"""Which jobs a suite wants, and which of them are still to be done. Pure: no database, no files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .job import Job, JobKey
from .suites import Suite


class Target(NamedTuple):
    """A checkpoint to be measured and the model it belongs to."""

    checkpoint_id: int
    model: str


@dataclass(frozen=True)
class Plan:
    """Wanted jobs, split into those to enqueue and those that the queue has had before (in whatever state)."""

    missing: tuple[Job, ...]
    existing: tuple[Job, ...]

    @property
    def wanted(self) -> tuple[Job, ...]:
        """All of them."""
        return self.missing + self.existing


def wanted_jobs(
    suite: Suite, targets: Iterable[Target], seeded: Mapping[str, bool], seeds: Sequence[int] | None = None
) -> list[Job]:
    """Every cell of ``suite`` for every target.

    ``seeded[protocol]`` says whether a protocol draws random numbers: one that does not is run once, with seed 0,
    however many seeds are asked for. ``seeds`` replaces the suite's own. All jobs of a checkpoint follow each other, so
    that a worker loads its weights once.
    """
    jobs = []
    for target in targets:
        for cell in suite.cells:
            for seed in (seeds or cell.seeds) if seeded[cell.protocol] else (0,):
                jobs.append(Job(target.checkpoint_id, target.model, cell.task, cell.protocol, seed))
    return list({job.key: job for job in jobs}.values())


def make_plan(wanted: Iterable[Job], existing: Collection[JobKey]) -> Plan:
    """Wanted minus existing, in the order given."""
    jobs = list(wanted)
    return Plan(
        tuple(job for job in jobs if job.key not in existing), tuple(job for job in jobs if job.key in existing)
    )
