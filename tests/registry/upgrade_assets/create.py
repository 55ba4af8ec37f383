"""Makes the small real databases of the current schema version, kept here for the migrations to come.

Run it once, before a change that brings a new schema, and never again for the same version:

    PYTHONPATH=.:tests/support python tests/registry/upgrade_assets/create.py

It writes ``<version>.sqlite`` and ``<version>.sql`` (PostgreSQL's own dump) beside itself, with rows in every table:
through the public functions of that version where it has them.
"""

import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

from catalogues import PostgresServer
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from registry import jobs, queries, submissions
from registry.accounts import create_account, issue_token
from registry.db.base import Base
from registry.db.models import (
    Account,
    AuditEvent,
    Delivery,
    Flag,
    HubAccess,
    HubCommit,
    HubDiscussion,
    HubEntry,
    HubEvent,
    HubMember,
    HubObject,
    HubOrganisation,
    HubRef,
    HubRepo,
    HubStore,
    HubUpload,
    Identity,
    Operator,
    QuotaEvent,
    Recipe,
    SignInLink,
    TrainingData,
    UseCount,
    WebSession,
    Worker,
)
from registry.db.schema import head, upgrade
from registry.db.session import make_engine, session_scope
from registry.image_sets import Answers, ImageSet, pack_bits
from registry.records import (
    ArchitectureRecord,
    CheckpointRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    PredictionRecord,
    ProtocolRecord,
    ResultRecord,
    RevisionRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)
from registry.statistics import pack_replicates

DENSE = ModelRecord(
    slug="dense/net/0.00", title="Dense", owner="me", method="dense", architecture="net", sparsity_target=0.0,
    availability="make",
)  # fmt: skip
PRUNED = replace(DENSE, slug="gmp/net/0.90", title="GMP", method="gmp", sparsity_target=0.9, parent=DENSE.slug)
PUBLISHED = replace(PRUNED, slug=None, hub_id="org/net", availability="hub", caveat="Read with care.")
IMPORTED = replace(
    PRUNED, slug="gmp/net/0.90-authors", availability="import", source_url="https://authors.example/net.pth",
    source_sha256="7" * 64, source_licence="MIT", recipe="prunarium import net.pth --architecture net",
)  # fmt: skip
CHECKPOINT = CheckpointRecord(
    densified_hash="d1:" + "0" * 64, architecture="net", preprocessing_hash="p1:" + "1" * 64,
    preprocessing={"input_size": [1, 8, 8]}, bytes_dense=4000, nonzeros=100, elements=1000, prunable_nonzeros=90,
    prunable_elements=900, layers=({"name": "conv.weight", "nonzeros": 90},), pattern="unstructured",
    mask_hash="m1:" + "2" * 64, flops_dense=2e6, flops_sparse=2e5, stored_elements=1010, stored_nonzeros=110,
    dead_channels=1, encodings={"dense": 4000, "gaps": 300}, dtypes=("F32",),
)  # fmt: skip
RESULT = ResultRecord(
    model=str(PRUNED.slug), task="digits@1", protocol="linear@1", metric="top1@1", value=0.9, n=100, ci_low=0.82,
    ci_high=0.94, interval_method="wilson", replicates=pack_replicates([0.89, 0.91]), provenance={"code": "0"},
)  # fmt: skip


def main(folder: Path) -> None:
    """Write both files."""
    _write_sqlite(folder / f"{head()}.sqlite")
    _write_postgresql(folder / f"{head()}.sql")


def _write_sqlite(path: Path) -> None:
    """In one piece, without a write-ahead log."""
    path.unlink(missing_ok=True)
    _make(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = delete")
    # Mostly empty tables: small pages make a small file.
    connection.execute("pragma page_size = 512")
    connection.execute("vacuum")
    connection.close()


def _write_postgresql(path: Path) -> None:
    """Plain SQL, without the names of this machine's accounts."""
    server = PostgresServer()
    try:
        url = server.create()
        _make(url)
        options = ("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=100")
        dump = subprocess.run(["pg_dump", *options, url], check=True, capture_output=True, text=True).stdout
    finally:
        server.stop()
    # What begins with a backslash is for psql alone; the other lines are any client's.
    lines = [line for line in dump.splitlines() if line and not line.startswith(("--", "\\"))]
    path.write_text("\n".join(lines) + "\n")


def _make(url: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    with session_scope(engine, write=True) as session:
        fill(session)
    _require_all_filled(engine)
    engine.dispose()


def _require_all_filled(engine: Engine) -> None:
    with session_scope(engine) as session:
        for table in Base.metadata.sorted_tables:
            if not session.execute(select(func.count()).select_from(table)).scalar():
                raise RuntimeError(f"no row in {table.name}")


def fill(session: Session) -> None:
    """A little of everything."""
    queries.upsert_method(session, MethodRecord(name="gmp", title="GMP", family="magnitude", facts={"exact": True}))
    queries.upsert_architecture(session, ArchitectureRecord(name="net", title="Net", input_size=(1, 8, 8)))
    queries.upsert_protocol(session, ProtocolRecord(name="linear", version="1", kind="linear", title="Linear probe"))
    queries.upsert_task(session, TaskRecord(name="digits", version="1", kind="transfer", title="Digits", n_test=100))
    queries.upsert_task(session, TaskRecord(name="digits-c", version="1", kind="shift", title="Corrupted digits"))
    queries.upsert_shift(
        session, ShiftRecord(task="digits-c@1", source_task="digits@1", regenerated=True, conditions=("noise/1",))
    )
    queries.upsert_metric(
        session,
        MetricRecord(
            name="top1", version=1, title="Top-1", unit="fraction", direction="higher", definition="Share right."
        ),
    )
    cells = [{"task": "digits@1", "protocol": "linear@1", "seeds": [0]}]
    queries.upsert_suite(session, SuiteRecord(name="demo", version="1", title="Demo", content={"cells": cells}))
    queries.upsert_model(session, DENSE)
    pruned = queries.upsert_model(session, PRUNED)
    queries.upsert_model(session, PUBLISHED)
    queries.upsert_model(session, IMPORTED)
    checkpoint = queries.register_checkpoint(session, pruned, CHECKPOINT)
    queries.register_revision(
        session,
        checkpoint,
        RevisionRecord(
            hub_endpoint="https://hub.example", hub_repo="org/net", commit_oid="a" * 40, file_name="model.safetensors",
            file_sha256="b" * 64, size_bytes=4096,
        ),
    )  # fmt: skip
    reported = replace(
        RESULT, model=str(DENSE.slug), trust="reported", source="a paper", ci_low=None, ci_high=None,
        interval_method=None, no_interval_reason="not published", replicates=None,
    )  # fmt: skip
    queries.add_reported_results(session, [reported])
    _work(session, checkpoint)
    create_account(session, "ada", "admin")
    issue_token(session, "ada", "laptop", ["hub:read"])
    session.flush()
    _hub(session)
    _not_written_by_this_version(session)


def _work(session: Session, checkpoint: int) -> None:
    submissions.submit(
        session, hub_endpoint="https://hub.example", hub_repo="org/net", revision="a" * 40, suite="demo@1", actor="ada"
    )
    checked = submissions.claim_check(session, "worker")
    job_id, _ = jobs.enqueue(session, checkpoint, "digits@1", "linear@1", 0)
    jobs.enqueue(session, checkpoint, "digits@1", "linear@1", 1)
    if checked is None:
        raise RuntimeError("the submission was not offered for its check")
    submissions.accept(session, checked.public_id, 1, "worker", checkpoint, [("digits@1", "linear@1", 0)])
    jobs.claim(session, "worker")
    answers = Answers(ImageSet(("a", "b"), (0, 1)), pack_bits([True, False]))
    prediction = PredictionRecord(
        blob_sha256="c" * 64, array_hash="d" * 64, size_bytes=10, n=100, sparsity_after=0.9, answers=answers
    )  # fmt: skip
    jobs.finish(session, job_id, 1, "worker", [RESULT], [prediction], {"seconds": 1.5})
    submissions.advance(session)


def _hub(session: Session) -> None:
    repo = HubRepo(kind="models", namespace="org", name="net", created_us=1, updated_us=2)
    session.add(repo)
    session.flush()
    commit = HubCommit(
        repo_id=repo.id, oid="a" * 40, parent_oid=None, title="First", message="", author="ada",
        operations_hash="e" * 64, at_us=2,
    )  # fmt: skip
    session.add(commit)
    session.flush()
    session.add_all(
        [
            HubEntry(
                commit_id=commit.id, path="model.safetensors", sha256="b" * 64, git_oid="f" * 40, size_bytes=4096,
                is_lfs=True,
            ),
            HubRef(repo_id=repo.id, name="main", commit_oid="a" * 40, is_tag=False),
            HubObject(repo_id=repo.id, sha256="b" * 64, size_bytes=4096, created_us=1),
            HubStore(id=1, store_id="0" * 32, signing_key="1" * 64, facts={}),
        ]
    )  # fmt: skip
    _hub_people(session, repo.id)


def _hub_people(session: Session, repo_id: int) -> None:
    account, organisation = session.execute(select(Account.id)).scalar_one(), create_account(session, "lab")
    discussion = HubDiscussion(
        repo_id=repo_id, number=1, is_pull=False, title="Why?", author="ada", status="open", at_us=3
    )  # fmt: skip
    session.add_all([discussion, HubOrganisation(account_id=organisation, created_us=1)])
    session.flush()
    session.add_all(
        [
            HubEvent(discussion_id=discussion.id, key="a" * 24, kind="title-change", author="ada", data={}, at_us=4),
            HubMember(organisation_id=organisation, account_id=account, role="write"),
            HubAccess(repo_id=repo_id, account_id=account, status="pending", asked=True, fields={"use": "x"}, at_us=5),
            HubUpload(repo_id=repo_id, sha256="b" * 64, account_id=account, created_us=1),
        ]
    )


def _not_written_by_this_version(session: Session) -> None:
    """Tables that exist and that no public function fills yet."""
    account = session.execute(select(Account).filter_by(name="ada")).scalar_one()
    session.add_all(
        [
            Operator(worker_id=account.id, operator_id=account.id),
            Delivery(job_id=1, attempt=1, account_id=account.id, document={"results": []}, at_us=5),
            Worker(owner="box/1/2/3", account_id=account.id, device="cpu", started_us=6, seen_us=7),
            Recipe(name="gmp-net", version=1, method="gmp", architecture="net", source=None, content={"epochs": 3}),
            QuotaEvent(account_id=account.id, device_minutes=1.5, reason="job", at_us=3),
            AuditEvent(actor="ada", action="hide", subject="org/net", reason="asked", detail={"by": "mail"}, at_us=4),
            Flag(kind="model", subject="org/net", account_id=account.id, reason="a copy", created_us=5),
            Identity(account_id=account.id, issuer="https://id.example", subject="7", created_us=5),
            SignInLink(account_id=account.id, secret_sha256="a" * 64, created_us=5, expires_us=6),
            TrainingData(model_id=1, data="imagenet"),
            UseCount(subject="sign-in:192.0.2.1", window_us=60_000_000, uses=2),
            WebSession(account_id=account.id, secret_sha256="b" * 64, way="link", created_us=5, expires_us=6),
        ]
    )


if __name__ == "__main__":
    main(Path(__file__).parent)
