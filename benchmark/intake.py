"""The check of submissions, which a worker does between jobs: fetch, judge, register, enqueue."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries, submissions
from registry.addresses import parse_address
from registry.catalogue_entries import checkpoint_record, model_record
from registry.contamination import named_data
from registry.db.session import session_scope
from registry.declarations import Declared
from registry.declared_check import card_data
from registry.errors import DuplicateCheckpointError, LeaseLostError, QuotaExceededError
from registry.hub_check import HubReport, check_on_hub
from registry.pull import Pulled
from registry.queries.submissions import may_describe
from registry.queries.training_data import add_training_data, set_training_data
from registry.reasons import Reason, told
from registry.records import ModelRecord, RevisionRecord, SubmissionRecord
from registry.settings import Settings
from registry.sources import LocalSource
from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import Passport
from zoo.core.console import say
from zoo.core.files import sha256_of_file

from .brought import Brought, bring, deliver
from .estimate import Wanted, expected_seconds
from .failures import failure_of
from .heartbeat import heartbeat_of_check
from .owners import this_owner
from .plan import Target, wanted_jobs
from .protocols import PROTOCOLS
from .suites import find_suite


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
            report = _judge(engine, settings, waiting)
            brought = None
            if waiting.kind == "predictions" and report.pulled is not None:
                brought = bring(settings, waiting, report.pulled, _cells(waiting.suite, 0))
        reasons = _decide(engine, settings, waiting, fence, report, brought)
        say(f"checked: {what}, {f'is refused ({told(reasons)})' if reasons else 'passes'}")
    except LeaseLostError:
        return
    except Exception as error:
        failure = failure_of(error)
        with suppress(LeaseLostError), session_scope(engine, write=True) as session:
            submissions.fail_check(session, *fence, failure.kind, failure.message)
        say(f"not checked: {what} ({failure.kind}: {failure.message})")


def _decide(
    engine: Engine,
    settings: Settings,
    waiting: SubmissionRecord,
    fence: tuple[str, int, str],
    report: HubReport,
    brought: Brought | None,
) -> tuple[Reason, ...]:
    """Accept or refuse; returns the reasons. Weights that are another model's are known only when they are written."""
    reasons = report.reasons + (() if brought is None else brought.reasons)
    try:
        with session_scope(engine, write=True) as session:
            if not reasons and report.pulled is not None and report.passport is not None:
                checkpoint_id = _register(session, waiting, report.pulled, report.passport)
                cells = _cells(waiting.suite, checkpoint_id) if brought is None else list(brought.cells)
                _enqueue_parent(session, checkpoint_id, cells)
                if brought is not None:
                    deliver(session, checkpoint_id, brought)
                minutes, commit = _minutes(session, checkpoint_id, cells), report.pulled.commit
                submissions.accept(
                    session, *fence, checkpoint_id, cells, commit=commit, minutes=minutes, allowance=settings.quota
                )
                _add_card_data(session, waiting, report.pulled)
                return ()
    except DuplicateCheckpointError as error:
        reasons = (Reason("weights_known", error.message),)
    except QuotaExceededError as error:
        reasons = (Reason("quota_exceeded", error.message),)
    with session_scope(engine, write=True) as session:
        submissions.reject(session, *fence, reasons[0].code, told(reasons))
    return reasons


def _judge(engine: Engine, settings: Settings, waiting: SubmissionRecord) -> HubReport:
    # A token is for one hub and is shown to no other.
    token = settings.hub_token if waiting.hub_endpoint == settings.hub_endpoint else None
    return check_on_hub(
        f"{waiting.hub_repo}@{waiting.revision}",
        source=LocalSource(engine),
        endpoint=waiting.hub_endpoint,
        token=token,
        allowed=settings.hubs,
        declared=Declared.of(waiting),
    )


def _register(session: Session, waiting: SubmissionRecord, pulled: Pulled, passport: Passport) -> int:
    """The number of the checkpoint, which nobody but its submitter sees until it is published."""
    source = read_folder(pulled.path)
    model = queries.get_model(session, pulled.repo_id)
    if model is not None and model.id is not None and not _describes(session, waiting, model):
        model_id = model.id
    else:
        model_id = queries.upsert_model(session, _model(session, waiting, source.provenance, pulled.repo_id))
        if waiting.training_data is not None:
            set_training_data(session, model_id, named_data(waiting.training_data))
    record = replace(checkpoint_record(source.config, passport), listed=False)
    checkpoint_id = queries.register_checkpoint(session, model_id, record)
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


def _describes(session: Session, waiting: SubmissionRecord, model: ModelRecord) -> bool:
    """Whether the words of a submission become a known model's.

    They must be those of the account that had it accepted in public first; what everybody sees already changes with a
    public submission alone.
    """
    if model.id is None or (model.listed and waiting.visibility == "private"):
        return False
    return may_describe(session, waiting.id, model.id, listed=model.listed)


def _add_card_data(session: Session, waiting: SubmissionRecord, pulled: Pulled) -> None:
    """What the card names as training data counts besides what the submitter declared."""
    model = queries.get_model(session, pulled.repo_id)
    if model is not None and model.id is not None and _describes(session, waiting, model):
        stated = read_folder(pulled.path).provenance.data
        add_training_data(session, model.id, card_data(pulled.path, stated))


def _model(session: Session, waiting: SubmissionRecord, provenance: Provenance, repo_id: str) -> ModelRecord:
    """A submitted model goes by its Hub id: slugs are for the catalogue's curators.

    So are the names of methods: what the zoo does not have is its author's.
    """
    named = provenance.method
    method = waiting.method or (
        named if queries.get_method(session, named) else f"@{repo_id.partition('/')[0]}/{named}"
    )
    parent = waiting.parent or provenance.parent
    return replace(
        model_record(provenance, repo_id),
        slug=None,
        method=method,
        parent=None if parent is None or provenance.sparsity_target == 0 else parse_address(parent).name,
        availability_detail=f"prunarium pull {repo_id}",
        listed=False,
    )


def _enqueue_parent(session: Session, checkpoint_id: int, cells: Iterable[tuple[str, str, int]]) -> None:
    """The dense parent is evaluated once for all that were pruned from it, and before them."""
    checkpoint = queries.get_checkpoint(session, checkpoint_id)
    model = queries.get_model_by_id(session, (checkpoint and checkpoint.model_id) or 0)
    if model is None or model.parent is None:
        return
    parent = queries.checkpoint_of(session, queries.model_id(session, model.parent))
    if parent is not None and parent.id is not None and queries.revisions_of(session, parent.id):
        for cell in sorted(cells):
            jobs.enqueue(session, parent.id, *cell)


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
