"""The check of submissions, which a worker does between jobs: fetch, judge, register, enqueue."""

from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries, submissions
from registry.catalogue_entries import checkpoint_record, model_record
from registry.check import check
from registry.db.session import session_scope
from registry.errors import LeaseLostError
from registry.pull import Pulled, pull
from registry.records import RevisionRecord, SubmissionRecord
from registry.settings import Settings
from zoo.checkpoint.folder import WEIGHTS, read_folder
from zoo.checkpoint.passport import Passport
from zoo.core.console import say
from zoo.core.files import sha256_of_file

from .failures import failure_of
from .owners import this_owner
from .plan import Target, wanted_jobs
from .protocols import PROTOCOLS
from .suites import find_suite


def attend(engine: Engine, settings: Settings) -> bool:
    """Carry the ends of jobs to submissions and check one that waits; whether anything happened."""
    with session_scope(engine, write=True) as session:
        changed = submissions.advance(session, this_owner())
        waiting = submissions.claim_check(session, this_owner())
    if waiting is not None:
        _check(engine, settings, waiting)
    return bool(changed) or waiting is not None


def _check(engine: Engine, settings: Settings, waiting: SubmissionRecord) -> None:
    """Received becomes queued, rejected with a reason code, or failed; without the lease, somebody else decides."""
    fence = (waiting.public_id, waiting.check_attempt, waiting.lease_owner or "")
    target = f"{waiting.hub_repo}@{waiting.revision}"
    try:
        # A token is for one hub and is shown to no other.
        token = settings.hub_token if waiting.hub_endpoint == settings.hub_endpoint else None
        pulled = pull(target, engine=engine, endpoint=waiting.hub_endpoint, token=token)
        report = check(pulled.path, engine=engine)
        with session_scope(engine, write=True) as session:
            detail = "\n".join(f"{reason.code}: {reason.detail}" for reason in report.reasons)
            if report.ok and report.passport is not None:
                checkpoint_id = _register(session, waiting, pulled, report.passport)
                submissions.accept(session, *fence, checkpoint_id, _cells(waiting.suite, checkpoint_id))
            else:
                submissions.reject(session, *fence, report.reasons[0].code, detail)
        say(f"checked: submission {waiting.public_id}, {target}, {'passes' if report.ok else f'is refused ({detail})'}")
    except LeaseLostError:
        return
    except Exception as error:
        failure = failure_of(error)
        with session_scope(engine, write=True) as session:
            submissions.fail_check(session, *fence, failure.kind, failure.message)
        say(f"not checked: submission {waiting.public_id}, {target} ({failure.kind}: {failure.message})")


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
    weights = pulled.path / WEIGHTS
    revision = RevisionRecord(
        hub_endpoint=waiting.hub_endpoint,
        hub_repo=pulled.repo_id,
        commit_oid=pulled.commit,
        file_name=WEIGHTS,
        file_sha256=sha256_of_file(weights),
        size_bytes=weights.stat().st_size,
    )
    queries.register_revision(session, checkpoint_id, revision)
    return checkpoint_id


def _cells(suite: str, checkpoint_id: int) -> list[tuple[str, str, int]]:
    seeded = {name: protocol.facts.seeded for name, protocol in PROTOCOLS.items()}
    wanted = wanted_jobs(find_suite(suite), [Target(checkpoint_id, "")], seeded)
    return [(job.task, job.protocol, job.seed) for job in wanted]
