"""Work every metric of history out again from stored predictions: on any CPU, without models or images.

What is there already must come out the same. What is new (a metric, or a version of one) is written, and takes the
place of the former version, which stays. What cannot be worked out again says why.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine

from registry import queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.errors import BlobError
from registry.image_sets import Answers
from registry.records import JobRecord, ResultRecord
from registry.settings import Settings
from zoo.core.errors import UsageError
from zoo.core.progress import counting
from zoo.core.versions import code_version

from .answers import answers_of
from .errors import CorruptPredictionsError
from .job import job_of
from .results import read_predictions, result_record
from .scoring import score
from .sync import sync_benchmark
from .tasks import find_task

TOLERANCE = 1e-9
"""Two machines add in another order; no metric of ours loses more by that."""


@dataclass(frozen=True)
class LeftOut:
    """A job whose numbers stay as they are, and why."""

    job_id: int
    model: str
    task: str
    reason: str


@dataclass(frozen=True)
class Changed:
    """A number that came out otherwise although its metric has no new version: an error, and nothing was written."""

    job_id: int
    model: str
    task: str
    metric: str
    condition: str
    was: float | None
    now: float | None


@dataclass(frozen=True)
class RescoreReport:
    """``same`` numbers came out again, ``added`` are new, ``superseded`` gave their place to a newer version.

    ``answers`` counts the evaluations that got their bits an image, which older versions did not write.
    """

    jobs: int
    same: int
    added: int
    superseded: int
    changed: tuple[Changed, ...]
    left_out: tuple[LeftOut, ...]
    answers: int = 0

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


@dataclass(frozen=True)
class _Found:
    same: int
    new: tuple[ResultRecord, ...]
    changed: tuple[Changed, ...]
    answers: Mapping[int, Answers]


def rescore(settings: Settings, models: Sequence[str] | None = None, *, dry_run: bool = False) -> RescoreReport:
    """Go through every job that is done, or those of some models; ``dry_run`` writes nothing.

    An interrupted run is continued by the same call: what was written comes out the same. Raises
    :class:`~registry.errors.UnknownRecordError` for a model that the catalogue does not have.
    """
    engine = open_catalogue(settings)
    try:
        if not dry_run:
            sync_benchmark(engine)
        blobs, wanted = BlobStore(settings.blobs), _wanted(engine, models)
        same = added = superseded = answers = 0
        changed: list[Changed] = []
        left_out: list[LeftOut] = []
        with counting("Scoring again", len(wanted)) as advance:
            for job in wanted:
                found = _score_again(engine, blobs, job)
                if isinstance(found, LeftOut):
                    left_out.append(found)
                else:
                    same += found.same
                    changed += found.changed
                    answers += len(found.answers)
                    written = _write(engine, job, found) if not dry_run else (len(found.new), 0)
                    added, superseded = added + written[0], superseded + written[1]
                advance()
        return RescoreReport(len(wanted), same, added, superseded, tuple(changed), tuple(left_out), answers)
    finally:
        engine.dispose()


def _wanted(engine: Engine, models: Sequence[str] | None) -> list[JobRecord]:
    with session_scope(engine) as session:
        names = None
        if models is not None:
            ids = [queries.model_id(session, name) for name in models]
            names = {model.name for number in ids if (model := queries.get_model_by_id(session, number)) is not None}
        return [job for job in queries.done_jobs(session) if names is None or job.model in names]


def _score_again(engine: Engine, blobs: BlobStore, job: JobRecord) -> _Found | LeftOut:
    with session_scope(engine) as session:
        stored = queries.predictions_of(session, job.id)
        before = queries.results(session, job_id=job.id, history=True)
        lacking = [
            record for record in stored if not record.condition and not queries.has_answers(session, record.id or 0)
        ]
    if not stored:
        return LeftOut(job.id, job.model, job.task, "it was measured, not predicted: only its job can measure it again")
    try:
        task, predictions = find_task(job.task), read_predictions(stored, blobs)
        for condition in predictions:  # all of them can be read, or nothing is scored
            predictions[condition]
        cells = score(task, predictions)
        answers = {
            record.id: found
            for record in lacking
            if record.id is not None and (found := answers_of(predictions[record.condition], job.task)) is not None
        }
    except UsageError:
        return LeftOut(job.id, job.model, job.task, "this version of Prunarium does not know the task")
    except (BlobError, CorruptPredictionsError) as error:
        return LeftOut(job.id, job.model, job.task, error.message)
    template = before[0] if before else None
    provenance = {**(template.provenance if template else {}), "rescored": {"code_version": code_version()}}
    records = [
        result_record(job_of(job), cell, provenance, template.trust if template else "measured") for cell in cells
    ]
    return _compared(job, records, before, answers)


def _compared(
    job: JobRecord, records: Sequence[ResultRecord], before: Sequence[ResultRecord], answers: Mapping[int, Answers]
) -> _Found:
    known: Mapping[tuple[str, str], ResultRecord] = {(row.metric, row.condition): row for row in before}
    there = [(record, known[key]) for record in records if (key := (record.metric, record.condition)) in known]
    differ = [(record, row) for record, row in there if not same_number(record.value, row.value)]
    return _Found(
        same=len(there) - len(differ),
        new=tuple(record for record in records if (record.metric, record.condition) not in known),
        changed=tuple(
            Changed(job.id, job.model, job.task, row.metric, row.condition, row.value, record.value)
            for record, row in differ
        ),
        answers=answers,
    )


def same_number(one: float | None, other: float | None) -> bool:
    """Whether two computations of one number agree to :data:`TOLERANCE`; what is missing equals what is missing."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-12)


def _write(engine: Engine, job: JobRecord, found: _Found) -> tuple[int, int]:
    if not found.new and not found.answers:
        return 0, 0
    with session_scope(engine, write=True) as session:
        for number, answers in found.answers.items():
            queries.add_answers(session, number, answers)
        return queries.add_rescored_results(session, job.id, found.new)
