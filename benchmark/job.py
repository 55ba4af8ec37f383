"""One evaluation: a checkpoint on a task by a protocol with a seed. JSON both ways, nothing else crosses a border."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from registry.records import JobRecord
from zoo.core.errors import UsageError


class JobKey(NamedTuple):
    """What makes a job the same job for ever; the code version is provenance, never part of the key."""

    checkpoint_id: int
    task: str
    protocol: str
    seed: int


@dataclass(frozen=True)
class Job:
    """``model`` is the slug (or hub id) of the checkpoint's model; task and protocol are ``name@version``.

    ``batch_divisor`` is doubled after every attempt that ran out of memory: batches are cut in that many pieces.
    """

    checkpoint_id: int
    model: str
    task: str
    protocol: str
    seed: int
    batch_divisor: int = 1

    @property
    def key(self) -> JobKey:
        """The identity under which the queue keeps this job once."""
        return JobKey(self.checkpoint_id, self.task, self.protocol, self.seed)

    def to_json(self) -> dict[str, Any]:
        """A flat JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Job":
        """The inverse of :meth:`to_json`; raises :class:`UsageError` for missing, unknown or mistyped fields."""
        expected = {field.name: field.type for field in fields(cls)}
        if set(value) != set(expected):
            raise UsageError(f"A job has the fields {sorted(expected)}, got {sorted(value)}.")
        for name, kind in expected.items():
            if type(value[name]) is not kind:
                raise UsageError(f"job: expected {kind} for {name}, got {value[name]!r}.")
        return cls(**value)


def job_of(record: JobRecord) -> Job:
    """The job as it is computed, without the state of the queue."""
    return Job(record.checkpoint_id, record.model, record.task, record.protocol, record.seed, record.batch_divisor)
