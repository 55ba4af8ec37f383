"""Evaluate again what an author predicted: what comes out the same within the noise floor counts as measured."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine

from registry import queries, spot_checks, submissions
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import JobRecord
from registry.settings import Settings
from zoo.core.console import say
from zoo.core.errors import UsageError

from . import noise_floor
from .failures import failure_of
from .job import job_of
from .noise import measure_noise
from .noise_floor import Agreement, NoiseFloor
from .owners import this_owner
from .predictions import Predictions
from .results import read_predictions
from .run_job import run_job
from .sources import folder_source, hub_source


@dataclass(frozen=True)
class SpotCheck:
    """What one job gave when it was done here: ``agreement`` with the author's predictions, and what became of them."""

    submission: str
    job_id: int
    task: str
    protocol: str
    seed: int
    agreement: Agreement
    outcome: Literal["measured", "flagged"]

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


def spot_check(settings: Settings, public_id: str, *, folders: Path | None = None) -> SpotCheck:
    """Do one job of a submission's predictions, drawn at random, and compare.

    Where they agree, the numbers of that job count as measured from now on; where they do not, the submission is
    flagged with what differs. Without a noise floor for this model, task and protocol, one is measured unless the bits
    are equal. Raises :class:`~zoo.core.errors.UsageError` for a submission that has no rescored numbers.
    """
    engine = open_catalogue(settings, create=False)
    try:
        job = _drawn(engine, public_id)
        blobs = BlobStore(settings.blobs)
        theirs = _stored(engine, job, blobs)
        find = hub_source(engine, settings) if folders is None else folder_source(engine, folders)
        outcome = run_job(job_of(job), find(job.checkpoint_id), blobs)
        ours = read_predictions(outcome.predictions, blobs)
        agreement = noise_floor.agreement(theirs, ours, None)
        if agreement.verdict != "equal bits":
            agreement = noise_floor.agreement(theirs, ours, _floor(settings, job, folders))
        with session_scope(engine, write=True) as session:
            if agreement.verdict == "beyond the noise floor":
                submissions.flag(session, public_id, _doubt(job, agreement))
            else:
                queries.confirm_results(session, job.id, {"spot_check": asdict(agreement)})
                spot_checks.end(session, public_id, _agreed(job, agreement), this_owner())
    finally:
        engine.dispose()
    verdict: Literal["measured", "flagged"] = "measured"
    if agreement.verdict == "beyond the noise floor":
        verdict = "flagged"
    return SpotCheck(public_id, job.id, job.task, job.protocol, job.seed, agreement, verdict)


def check_next(settings: Settings, *, folders: Path | None = None) -> bool:
    """Do the spot check that is due next; whether there was one. One that breaks is tried again after an hour."""
    engine = open_catalogue(settings, create=False)
    try:
        with session_scope(engine, write=True) as session:
            due = spot_checks.begin(session, this_owner())
    finally:
        engine.dispose()
    if due is None:
        return False
    try:
        found = spot_check(settings, due.public_id, folders=folders)
        say(f"spot check: {found.task} by {found.protocol} of submission {due.public_id} is {found.outcome}")
    except Exception as error:
        failure = failure_of(error)
        say(f"spot check: submission {due.public_id} could not be looked at ({failure.kind}: {failure.message})")
    return True


def _drawn(engine: Engine, public_id: str) -> JobRecord:
    with session_scope(engine) as session:
        jobs = submissions.status(session, public_id).jobs
        rescored = [job for job in jobs if job.state == "done" and queries.trust_of_job(session, job.id) == "rescored"]
    if not rescored:
        raise UsageError(
            f"Submission {public_id} has no numbers that were scored from its author's predictions alone.",
            "See: prunarium status",
        )
    # Nobody can know beforehand which one is drawn.
    return secrets.choice(rescored)


def _stored(engine: Engine, job: JobRecord, blobs: BlobStore) -> Mapping[str, Predictions]:
    with session_scope(engine) as session:
        return read_predictions(queries.predictions_of(session, job.id), blobs)


def _floor(settings: Settings, job: JobRecord, folders: Path | None) -> NoiseFloor:
    known = noise_floor.find(settings, job.model, job.task, job.protocol)
    if known is not None:
        return known
    return measure_noise(settings, job.model, job.task, job.protocol, seeds=(), folders=folders)[0]


def _agreed(job: JobRecord, agreement: Agreement) -> str:
    return (
        f"Spot check of {job.task} by {job.protocol}, seed {job.seed}: {agreement.verdict}, {agreement.flipped:,} of "
        f"{agreement.n:,} predicted classes came out otherwise; these numbers count as measured."
    )


def _doubt(job: JobRecord, agreement: Agreement) -> str:
    return (
        f"Spot check of {job.task} by {job.protocol}, seed {job.seed}: {agreement.flipped:,} of {agreement.n:,} "
        f"predicted classes came out otherwise, {agreement.allowed:,} may by noise."
    )
