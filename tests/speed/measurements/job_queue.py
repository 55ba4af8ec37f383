"""Claims from a long queue."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from registry import jobs, queries
from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.records import CheckpointRecord, ModelRecord, ProtocolRecord, TaskRecord

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

QUEUED, CLAIMS = 10_000, 200
BARE = "bare BEGIN IMMEDIATE; UPDATE … RETURNING"
CLAIM = """
update job set state = 'leased', attempt = attempt + 1, lease_owner = 'bare', heartbeat_us = ?1, lease_expires_us = ?2
where id = (select id from job where state = 'queued' and not_before_us <= ?1 order by id limit 1) returning id
"""
# Copies of the one job that was enqueued, under other seeds: enqueueing is not what is measured here.
COPIES = text("""
with recursive numbers (seed) as (select 1 union all select seed + 1 from numbers where seed < :last)
insert into job (checkpoint_id, task_id, protocol_id, seed, state, attempt, max_attempts, batch_divisor, not_before_us,
    created_us)
select checkpoint_id, task_id, protocol_id, numbers.seed, state, attempt, max_attempts, batch_divisor, not_before_us,
    created_us
from job cross join numbers where job.seed = 0
""")


def fill(engine: Engine) -> None:
    """A catalogue whose queue holds ``QUEUED`` jobs."""
    upgrade(engine)
    model = ModelRecord(
        slug="gmp/net/0.90", title="GMP", owner="me", method="gmp", architecture="net", sparsity_target=0.9,
        availability="make",
    )  # fmt: skip
    checkpoint = CheckpointRecord(
        densified_hash="d1:" + "0" * 64, architecture="net", preprocessing_hash="p1:" + "1" * 64, preprocessing={},
        bytes_dense=4000, nonzeros=100, elements=1000, prunable_nonzeros=90, prunable_elements=900, layers=(),
        pattern="unstructured", mask_hash="m1:" + "2" * 64,
    )  # fmt: skip
    with session_scope(engine, write=True) as session:
        queries.upsert_task(session, TaskRecord(name="digits", version="1", kind="transfer", title="Digits"))
        queries.upsert_protocol(session, ProtocolRecord(name="linear", version="1", kind="linear", title="Linear"))
        number = queries.register_checkpoint(session, queries.upsert_model(session, model), checkpoint)
        jobs.enqueue(session, number, "digits@1", "linear@1", 0)
        session.execute(COPIES, {"last": QUEUED - 1})


def claim_ours(engine: Engine) -> list[int]:
    claimed = []
    for _ in range(CLAIMS):
        with session_scope(engine, write=True) as session:
            job = jobs.claim(session, "ours", 3600.0)
        claimed.append(-1 if job is None else job.id)
    return claimed


def claim_bare(file: Path) -> list[int]:
    claimed = []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = normal")
        for _ in range(CLAIMS):
            connection.execute("begin immediate")
            claimed += [row[0] for row in connection.execute(CLAIM, (10**15, 2 * 10**15))]
            connection.execute("commit")
    return claimed


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    full, file = folder / "full.db", folder / "queue.db"
    engine = make_engine(f"sqlite:///{full}")
    fill(engine)
    engine.dispose()
    engine = make_engine(f"sqlite:///{file}")

    def refill() -> None:
        engine.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(full, file)
        with session_scope(engine) as session:  # a worker has its connection open
            queries.count_jobs(session)

    yield Contest(
        Side(lambda: claim_ours(engine), CLAIMS, refill), {BARE: Side(lambda: claim_bare(file), CLAIMS, refill)}, agree
    )
    engine.dispose()


def agree(answers: Mapping[str, Any]) -> None:
    if not answers[OURS] == answers[BARE] == list(range(1, CLAIMS + 1)):
        raise DisagreementError("the queues gave out different jobs")


MEASUREMENTS.register("job_queue")(
    Measurement(
        title="Claim a job",
        ours="registry.jobs.claim",
        against={BARE: "limit"},
        compared=f"{CLAIMS} claims, a transaction each, from a SQLite file (WAL, synchronous=normal) of "
        f"{QUEUED:,} queued jobs, "
        "refilled before each repeat. Ours also returns expired leases, reads the database's clock, opens "
        "the attempt's row "
        "and gives back the whole job with its model, task and protocol.",
        unit="claim",
        repeats=5,
        prepare=prepare,
    )
)
