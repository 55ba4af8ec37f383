"""Two models on the same images: what the dense parent can do that the other cannot, and how sure that is.

Differences are first minus second. Both were resampled with the task's seed, so that a replicate of one and of the
other is the same images, and what both find hard cancels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry import queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.differences import Difference, paired_difference
from registry.records import JobRecord, ResultRecord
from registry.settings import Settings, load_settings
from zoo.core.errors import UsageError

from .errors import NotMeasuredError
from .finished import finished_jobs
from .paired_images import PairedImages, compare_images
from .predictions import Predictions


@dataclass(frozen=True)
class Comparison:
    """Everything there is to say of two models on one condition of a task.

    ``images`` is None where predictions of single images cannot be compared, for ``no_images_reason``.
    """

    first: str
    second: str
    task: str
    protocol: str
    condition: str
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    primary: str
    differences: tuple[Difference, ...]
    images: PairedImages | None
    no_images_reason: str | None

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


def compare(
    first: str,
    second: str | None = None,
    *,
    task: str,
    protocol: str | None = None,
    condition: str = "",
    settings: Settings | None = None,
) -> Comparison:
    """Compare a model with another, or with its dense parent, on a task that both were measured on.

    Names as for :func:`~benchmark.finished.finished_jobs`, which says what is raised. ``condition`` is one of a shift's
    (``gaussian_noise/3``). Raises :class:`~zoo.core.errors.UsageError` for a model without a parent, and
    :class:`~benchmark.errors.NotMeasuredError` where no metric of both is there.
    """
    settings = settings or load_settings()
    engine = open_catalogue(settings)
    try:
        with session_scope(engine) as session:
            one = finished_jobs(session, first, task, protocol)
            parent = _parent(session, first) if second is None else second
            other = finished_jobs(session, parent, one[0].task, one[0].protocol)
            differences = _differences(session, one, other, condition)
            stored = [[_blob(session, job, condition) for job in jobs] for jobs in (one, other)]
            known = queries.get_task(session, one[0].task)
    finally:
        engine.dispose()
    if not differences:
        raise NotMeasuredError(
            f"{one[0].model} and {other[0].model} have no number in common on {one[0].task}, condition {condition!r}.",
            "Shifted sets have conditions such as gaussian_noise/3; the whole set is the empty one.",
        )
    images, reason = _images(stored, settings, one[0].task)
    return Comparison(
        first=one[0].model,
        second=other[0].model,
        task=one[0].task,
        protocol=one[0].protocol,
        condition=condition,
        seeds=(tuple(job.seed for job in one), tuple(job.seed for job in other)),
        primary=(known.primary_metric if known is not None else None) or differences[0].metric,
        differences=differences,
        images=images,
        no_images_reason=reason,
    )


def _parent(session: Session, name: str) -> str:
    model = queries.get_model(session, name)
    if model is None or model.parent is None:
        raise UsageError(f"The catalogue names no dense parent of {name}.", f"Name it: prunarium compare {name} PARENT")
    return model.parent


def _blob(session: Session, job: JobRecord, condition: str) -> str | None:
    stored = {record.condition: record.blob_sha256 for record in queries.predictions_of(session, job.id)}
    return stored.get(condition)


def _images(
    stored: Sequence[Sequence[str | None]], settings: Settings, task: str
) -> tuple[PairedImages | None, str | None]:
    blobs = BlobStore(settings.blobs)
    addresses = [[address for address in side if address is not None] for side in stored]
    if [len(side) for side in addresses] != [len(side) for side in stored]:
        return None, "no predictions of single images are kept under this condition"
    one, other = ([Predictions.from_parquet(blobs.get(address)) for address in side] for side in addresses)
    if not one[0].samples.columns.labelled():
        return None, "these images have no label among the model's classes"
    if len({predictions.ids for predictions in (*one, *other)}) > 1:
        return None, "the two were not measured on the same images"
    return compare_images(one, other, task), None


def _differences(
    session: Session, one: Sequence[JobRecord], other: Sequence[JobRecord], condition: str
) -> tuple[Difference, ...]:
    first, second = (_by_metric(session, jobs, condition) for jobs in (one, other))
    found = []
    for reference in first:
        metric = queries.get_metric(session, reference)
        rows = first[reference], second.get(reference, [])
        if metric is not None and [len(side) for side in rows] == [len(one), len(other)]:
            found.append(paired_difference(metric, reference, *rows))
    return tuple(found)


def _by_metric(session: Session, jobs: Sequence[JobRecord], condition: str) -> Mapping[str, list[ResultRecord]]:
    """The values of each metric, one a seed."""
    found: dict[str, list[ResultRecord]] = {}
    for job in jobs:
        for row in queries.results(session, job_id=job.id, condition=condition, with_replicates=True):
            if row.value is not None:
                found.setdefault(row.metric, []).append(row)
    return found
