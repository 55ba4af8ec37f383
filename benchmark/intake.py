"""The check of submissions, which a worker does between jobs: fetch, judge, register, enqueue."""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries, submissions
from registry.addresses import allowed_hubs, parse_address
from registry.catalogue_entries import checkpoint_record, model_record
from registry.check import check
from registry.db.session import session_scope
from registry.errors import HubAccessError, LeaseLostError, NotOnHubError, QuotaExceededError, WrongModelError
from registry.pull import Pulled, pull
from registry.reasons import Reason
from registry.records import RevisionRecord, SubmissionRecord
from registry.settings import Settings
from zoo.checkpoint.errors import TensorFileError
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import Passport
from zoo.core.console import say
from zoo.core.files import sha256_of_file

from .estimate import Wanted, expected_seconds
from .failures import failure_of
from .heartbeat import heartbeat_of_check
from .owners import this_owner
from .plan import Target, wanted_jobs
from .protocols import PROTOCOLS
from .suites import find_suite


class _RefusedError(Exception):
    """The files cannot be had, for a reason that the submitter can mend."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = Reason(code, detail)


def attend(engine: Engine, settings: Settings, lease_seconds: float = submissions.CHECK_LEASE_SECONDS) -> bool:
    """Carry the ends of jobs to submissions and check one that waits; whether anything happened."""
    with session_scope(engine, write=True) as session:
        changed = submissions.advance(session, this_owner())
        waiting = submissions.claim_check(session, this_owner(), lease_seconds)
    if waiting is not None:
        _check(engine, settings, waiting, lease_seconds)
    return bool(changed) or waiting is not None


def _check(engine: Engine, settings: Settings, waiting: SubmissionRecord, lease_seconds: float) -> None:
    """Received becomes queued, rejected with a reason code, or failed; without the lease, somebody else decides."""
    fence = (waiting.public_id, waiting.check_attempt, waiting.lease_owner or "")
    what = f"submission {waiting.public_id}, {waiting.hub_repo}@{waiting.revision}"
    try:
        with heartbeat_of_check(engine, waiting, lease_seconds):
            reasons, pulled, passport = _judge(engine, settings, waiting)
        detail = "\n".join(f"{reason.code}: {reason.detail}" for reason in reasons)
        with session_scope(engine, write=True) as session:
            if pulled is not None and passport is not None:
                checkpoint_id = _register(session, waiting, pulled, passport)
                cells = _cells(waiting.suite, checkpoint_id)
                minutes = _minutes(session, checkpoint_id, cells)
                submissions.accept(session, *fence, checkpoint_id, cells, minutes=minutes, allowance=settings.quota)
            else:
                submissions.reject(session, *fence, reasons[0].code, detail)
        say(f"checked: {what}, {f'is refused ({detail})' if reasons else 'passes'}")
    except LeaseLostError:
        return
    except QuotaExceededError as error:
        with suppress(LeaseLostError), session_scope(engine, write=True) as session:
            submissions.reject(session, *fence, "quota_exceeded", error.message)
        say(f"checked: {what}, is refused ({error.message})")
    except Exception as error:
        failure = failure_of(error)
        with suppress(LeaseLostError), session_scope(engine, write=True) as session:
            submissions.fail_check(session, *fence, failure.kind, failure.message)
        say(f"not checked: {what} ({failure.kind}: {failure.message})")


def _judge(
    engine: Engine, settings: Settings, waiting: SubmissionRecord
) -> tuple[tuple[Reason, ...], Pulled, Passport] | tuple[tuple[Reason, ...], None, None]:
    """Every reason against the submission; without one, what was pulled and what it measures."""
    try:
        pulled = _fetch(engine, settings, waiting)
    except _RefusedError as error:
        return (error.reason,), None, None
    report = check(pulled.path, engine=engine)
    if report.passport is None or not report.ok:
        return report.reasons, None, None
    return (), pulled, report.passport


def _fetch(engine: Engine, settings: Settings, waiting: SubmissionRecord) -> Pulled:
    """The model with all of its weight files, which are then known to be one model."""
    target = f"{waiting.hub_repo}@{waiting.revision}"
    asked = {waiting.hub_endpoint, parse_address(target).endpoint or waiting.hub_endpoint}
    if foreign := asked - allowed_hubs(settings.hub_endpoint):
        raise _RefusedError("hub_not_allowed", f"{', '.join(sorted(foreign))} is not asked for models.")
    # A token is for one hub and is shown to no other.
    token = settings.hub_token if waiting.hub_endpoint == settings.hub_endpoint else None
    fetch = partial(pull, engine=engine, endpoint=waiting.hub_endpoint, token=token)
    try:
        pulled = fetch(target)
    except (NotOnHubError, HubAccessError) as error:
        raise _RefusedError("not_on_hub", error.message) from error
    except WrongModelError as error:
        unreadable = isinstance(error.__cause__, TensorFileError)
        raise _RefusedError("bad_safetensors" if unreadable else "passport_claim", error.message) from error
    if len(pulled.held) == 1:
        return pulled
    try:
        return fetch(f"{pulled.repo_id}@{pulled.commit}", dense=True)
    except WrongModelError as error:
        raise _RefusedError("files_differ", error.message) from error


def _register(session: Session, waiting: SubmissionRecord, pulled: Pulled, passport: Passport) -> int:
    """The number of the checkpoint. A submitted model goes by its Hub id: slugs are for the catalogue's curators."""
    source = read_folder(pulled.path)
    record = replace(
        model_record(source.provenance, pulled.repo_id),
        slug=None,
        availability_detail=f"prunarium pull {pulled.repo_id}",
    )
    model_id = queries.upsert_model(session, record)
    checkpoint_id = queries.register_checkpoint(session, model_id, checkpoint_record(source.config, passport))
    for name in pulled.held:
        weights = pulled.path / name
        revision = RevisionRecord(
            hub_endpoint=waiting.hub_endpoint,
            hub_repo=pulled.repo_id,
            commit_oid=pulled.commit,
            file_name=name,
            file_sha256=sha256_of_file(weights),
            size_bytes=weights.stat().st_size,
        )
        queries.register_revision(session, checkpoint_id, revision)
    return checkpoint_id


def _cells(suite: str, checkpoint_id: int) -> list[submissions.Cell]:
    seeded = {name: protocol.facts.seeded for name, protocol in PROTOCOLS.items()}
    wanted = wanted_jobs(find_suite(suite), [Target(checkpoint_id, "")], seeded)
    return [(job.task, job.protocol, job.seed) for job in wanted]


def _minutes(session: Session, checkpoint_id: int, cells: list[submissions.Cell]) -> dict[submissions.Cell, float]:
    """What each cell will take in device minutes, as far as anything like it was measured here."""
    checkpoint = queries.get_checkpoint(session, checkpoint_id)
    if checkpoint is None:
        return {}
    wanted = [Wanted(task, protocol, checkpoint.architecture, checkpoint.flops_dense) for task, protocol, _ in cells]
    found = expected_seconds(wanted, queries.measured_costs(session))
    return {cell: seconds / 60 for cell, seconds in zip(cells, found, strict=True) if seconds is not None}
