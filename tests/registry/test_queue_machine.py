"""The queue under any sequence of crashes, clock steps, lost heartbeats, late and doubled deliveries.

Whatever happens, every job and every submission reaches an end, and no result is written twice.
"""

from collections import Counter
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from memory_catalogues import fresh_catalogue
from queue_rows import PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import select

from registry import jobs, queries, submissions
from registry.db.models import Job, Result
from registry.db.session import session_scope
from registry.errors import LeaseLostError, TransitionError
from registry.records import JobRecord, SubmissionRecord

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
LEASE_SECONDS = 30.0
OWNERS = ("a", "b", "c")
ENDS = ("done", "rejected", "failed", "withdrawn")
Kind = Literal["transient", "out_of_memory", "timeout", "bad_model", "bad_data", "bug"]


class Queue(RuleBasedStateMachine):
    """Three workers that crash, sleep and repeat themselves, and a clock that is set by anybody."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = fresh_catalogue()
        self.now = 365 * DAY_US
        self.patch = pytest.MonkeyPatch()
        for module in (jobs, submissions):
            self.patch.setattr(module, "now_us", lambda _session: self.now)
        with session_scope(self.engine, write=True) as session:
            self.checkpoint = fill(session)
        self.held: list[tuple[JobRecord, str]] = []  # every lease that a worker ever got: it may speak up at any time
        self.checks: list[tuple[SubmissionRecord, str]] = []
        self.delivered: Counter[int] = Counter()
        self.submitted = 0

    def teardown(self) -> None:
        """Let time pass and one healthy worker do what is left: everything must end, soon."""
        try:
            for _ in range(200):
                self.now += 700 * SECOND_US
                worked = self._check_one() | self._work_one()
                if not worked:
                    break
            with session_scope(self.engine, write=True) as session:
                submissions.advance(session)
            with session_scope(self.engine) as session:
                assert set(queries.count_jobs(session)) <= {"done", "failed"}
                states = {record.state for record in queries.list_submissions(session)}
                assert states <= set(ENDS)
            self.results_are_written_once()
        finally:
            self.patch.undo()
            self.engine.dispose()

    @rule(owner=st.sampled_from(OWNERS))
    def submit_and_forget(self, owner: str) -> None:
        """A new submission, of a new revision each time."""
        self.submitted += 1
        with session_scope(self.engine, write=True) as session:
            submissions.submit(
                session, hub_endpoint="h", hub_repo="o/n", revision=str(self.submitted), suite=SUITE, actor=owner
            )

    @rule(owner=st.sampled_from(OWNERS))
    def begin_a_check(self, owner: str) -> None:
        with session_scope(self.engine, write=True) as session:
            claimed = submissions.claim_check(session, owner, LEASE_SECONDS)
        if claimed is not None:
            self.checks.append((claimed, owner))

    @precondition(lambda self: self.checks)
    @rule(data=st.data(), outcome=st.sampled_from(["accept", "reject", "transient", "bug", "heartbeat"]))
    def end_a_check(self, data: st.DataObject, outcome: str) -> None:
        """Any checker, however late, and perhaps for the second time."""
        record, owner = data.draw(st.sampled_from(self.checks))
        fence = (record.public_id, record.check_attempt, owner)
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            if outcome == "accept":
                cells = [(TASK, PROTOCOL, seed) for seed in range(1 + record.id % 2)]
                submissions.accept(session, *fence, self.checkpoint, cells)
            elif outcome == "reject":
                submissions.reject(session, *fence, "no_zeros")
            elif outcome == "heartbeat":
                submissions.heartbeat_check(session, *fence, LEASE_SECONDS)
            else:
                submissions.fail_check(session, *fence, "bug" if outcome == "bug" else "transient", "broken")

    @rule(seed=st.integers(0, 4))
    def enqueue(self, seed: int) -> None:
        with session_scope(self.engine, write=True) as session:
            jobs.enqueue(session, self.checkpoint, TASK, PROTOCOL, seed)

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        with session_scope(self.engine, write=True) as session:
            job = jobs.claim(session, owner, LEASE_SECONDS)
        if job is not None:
            self.held.append((job, owner))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any worker that ever held a job delivers: in time, late, or again."""
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            self.delivered[job.id] += jobs.finish(session, job.id, job.attempt, owner, [result(job.attempt / 10)])

    @precondition(lambda self: self.held)
    @rule(data=st.data(), kind=st.sampled_from(["transient", "out_of_memory", "timeout", "bad_model", "bug"]))
    def fail(self, data: st.DataObject, kind: Kind) -> None:
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            jobs.fail(session, job.id, job.attempt, owner, kind, "broken")

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            jobs.heartbeat(session, job.id, job.attempt, owner, LEASE_SECONDS)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            jobs.release(session, job.id, job.attempt, owner)

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        with session_scope(self.engine, write=True) as session:
            known = queries.list_submissions(session)
            if known:
                with suppress(TransitionError):
                    submissions.withdraw(session, data.draw(st.sampled_from(known)).public_id, "owner")

    @rule()
    def advance(self) -> None:
        with session_scope(self.engine, write=True) as session:
            submissions.advance(session)

    @rule(seconds=st.sampled_from([0.001, 1, 31, 400, 86_400, -1, -45, -400, -86_400]))
    def step_the_clock(self, seconds: float) -> None:
        self.now += int(seconds * SECOND_US)

    @invariant()
    def results_are_written_once(self) -> None:
        """One result for a job that is done, by the attempt that held it last; none for any other job."""
        with session_scope(self.engine) as session:
            attempts = {
                row.id: row.attempt for row in session.execute(select(Job.id, Job.attempt).filter_by(state="done"))
            }
            written = [(row.job_id, row.value) for row in session.execute(select(Result.job_id, Result.value))]
        assert sorted(written) == sorted((job_id, attempt / 10) for job_id, attempt in attempts.items())
        assert {job_id for job_id, count in self.delivered.items() if count} == set(attempts)
        assert set(self.delivered.values()) <= {0, 1}

    @invariant()
    def no_attempt_is_given_twice(self) -> None:
        given_out = Counter((job.id, job.attempt) for job, _ in self.held)
        assert set(given_out.values()) <= {1}

    def _check_one(self) -> bool:
        with session_scope(self.engine, write=True) as session:
            waiting = submissions.claim_check(session, "healthy")
            if waiting is not None:
                fence = (waiting.public_id, waiting.check_attempt, "healthy")
                submissions.accept(session, *fence, self.checkpoint, [(TASK, PROTOCOL, 0)])
        return waiting is not None

    def _work_one(self) -> bool:
        with session_scope(self.engine, write=True) as session:
            job = jobs.claim(session, "healthy")
            if job is not None:
                self.delivered[job.id] += jobs.finish(
                    session, job.id, job.attempt, "healthy", [result(job.attempt / 10)]
                )
        return job is not None


TestQueue = Queue.TestCase
TestQueue.settings = settings(stateful_step_count=40, max_examples=max(20, settings().max_examples // 2))


def test_without_the_fence_the_machine_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the fence out, and a late delivery is written: the invariant must see it, or it proves nothing."""
    machine = Queue()
    try:
        machine.enqueue(0)
        machine.claim("a")
        machine.now += 31 * SECOND_US
        machine.claim("b")
        assert [(job.attempt, owner) for job, owner in machine.held] == [(1, "a"), (2, "b")]
        machine.results_are_written_once()
        for place in ("jobs", "result_writing", "predictions"):
            monkeypatch.setattr(
                f"registry.queries.{place}.lock_lease",
                lambda session, job_id, *_fence: queries.get_job(session, job_id),
            )
        with session_scope(machine.engine, write=True) as session:
            machine.delivered[1] += jobs.finish(session, 1, 1, "a", [result(0.1)])
        with pytest.raises(AssertionError):
            machine.results_are_written_once()
    finally:
        machine.patch.undo()
        machine.engine.dispose()
