"""The queue under any sequence of crashes, clock steps, lost heartbeats, late and doubled deliveries.

Whatever happens, every job and every submission reaches an end, no result is written twice, and nobody pays twice, or
for a fault that is not hers. Jobs that several submissions share, withdrawals, checks that take longer than their lease
and workers without the database are among the events. On both databases.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import pytest
from catalogues import PostgresServer
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from memory_catalogues import fresh_catalogue
from queue_rows import PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import Engine, select

from registry import jobs, queries, quotas, submission_rules, submissions
from registry.accounts import create_account
from registry.db.models import Job, QuotaEvent, Result, Submission, SubmissionJob, Transition
from registry.db.session import make_engine, session_scope
from registry.errors import LeaseLostError, QuotaExceededError, TransitionError
from registry.queries import deliveries, quota
from registry.quota_rules import Allowance
from registry.records import JobRecord, SubmissionRecord

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
LEASE_SECONDS = 30.0
OWNERS = ("a", "b", "c")
ALLOWANCE = Allowance(40.0, 1.0)
ENDS = ("done", "rejected", "failed", "withdrawn")
Kind = Literal["transient", "out_of_memory", "timeout", "bad_model", "bad_data", "bug"]


class Queue(RuleBasedStateMachine):
    """Three workers that crash, sleep and repeat themselves, and a clock that is set by anybody."""

    def __init__(self, make_catalogue: Callable[[], Engine] = fresh_catalogue) -> None:
        super().__init__()
        self.engine = make_catalogue()
        self.now = 365 * DAY_US
        self.patch = pytest.MonkeyPatch()
        for module in (jobs, submissions, quotas, quota, deliveries):
            self.patch.setattr(module, "now_us", lambda _session: self.now)
        with session_scope(self.engine, write=True) as session:
            self.checkpoint = fill(session)
            self.accounts = {owner: create_account(session, owner) for owner in OWNERS}
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
            self.submissions_go_the_ways_that_there_are()
            self.everybody_pays_once_and_for_no_fault_of_ours()
        finally:
            self.patch.undo()
            self.engine.dispose()

    @rule(owner=st.sampled_from(OWNERS))
    def submit_and_forget(self, owner: str) -> None:
        """A new submission, of a new revision each time."""
        self.submitted += 1
        with session_scope(self.engine, write=True) as session:
            submissions.submit(
                session,
                hub_endpoint="h",
                hub_repo="o/n",
                revision=str(self.submitted),
                suite=SUITE,
                actor=owner,
                account_id=self.accounts[owner],
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
        with suppress(LeaseLostError, QuotaExceededError), session_scope(self.engine, write=True) as session:
            if outcome == "accept":
                cells = [(TASK, PROTOCOL, seed) for seed in range(1 + record.id % 2)]
                minutes = dict.fromkeys(cells, 8.0)
                submissions.accept(session, *fence, self.checkpoint, cells, minutes=minutes, allowance=ALLOWANCE)
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
    def hand_in_from_elsewhere(self, data: st.DataObject) -> None:
        """A worker without the database delivers, whenever: what it sent is scored by whoever has the job next."""
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError, TransitionError), session_scope(self.engine, write=True) as session:
            jobs.hand_over(session, job.id, job.attempt, owner, {})
            deliveries.add_delivery(session, job.id, job.attempt, self.accounts[owner], {})

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def refuse_what_was_delivered(self, data: st.DataObject) -> None:
        job, owner = data.draw(st.sampled_from(self.held))
        with suppress(LeaseLostError), session_scope(self.engine, write=True) as session:
            jobs.refuse(session, job.id, job.attempt, owner, "it contradicts itself")

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

    @invariant()
    def submissions_go_the_ways_that_there_are(self) -> None:
        """Each history is a path through the table of states, and ends where the submission is."""
        with session_scope(self.engine) as session:
            steps = list(session.execute(select(Transition).order_by(Transition.id)).scalars())
            states: dict[int, str] = {}
            for step in steps:
                assert states.get(step.submission_id) == step.old_state
                assert step.old_state is None or step.new_state in submission_rules.TRANSITIONS[step.old_state]  # type: ignore[index]
                states[step.submission_id] = step.new_state
            assert states == {row.id: row.state for row in session.execute(select(Submission.id, Submission.state))}

    @invariant()
    def everybody_pays_once_and_for_no_fault_of_ours(self) -> None:
        with session_scope(self.engine) as session:
            paid = session.execute(
                select(SubmissionJob.submission_id, SubmissionJob.job_id, SubmissionJob.device_minutes, Job.state)
                .add_columns(Job.failure_kind, Submission.state.label("ended"))
                .join(Job, SubmissionJob.job_id == Job.id)
                .join(Submission, SubmissionJob.submission_id == Submission.id)
                .where(SubmissionJob.device_minutes.is_not(None))
            ).all()
            events = list(session.execute(select(QuotaEvent)).scalars())
        assert max(Counter(row.job_id for row in paid).values(), default=1) == 1
        for number in {event.submission_id for event in events}:
            mine = [row for row in paid if row.submission_id == number and row.ended not in ("done", "failed")]
            kept = [row for row in paid if row.submission_id == number and row not in mine]
            mine += [row for row in kept if row.state != "failed" or row.failure_kind == "bad_model"]
            told = [event for event in events if event.submission_id == number]
            assert [event.reason for event in told].count("charge") == 1
            assert [event.reason for event in told if event.device_minutes < 0].count("refund") == len(told) - 1
            # What was taken out of the queue by a withdrawal is in no row any more, and was given back.
            assert sum(event.device_minutes for event in told) == sum(row.device_minutes for row in mine)

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


COUNTS = settings(stateful_step_count=40, max_examples=max(15, settings().max_examples // 3))
TestQueue = Queue.TestCase
TestQueue.settings = COUNTS


@pytest.mark.postgres
def test_the_queue_on_postgresql(postgres_server: PostgresServer, postgres_template: str) -> None:
    made = []

    def fresh() -> Engine:
        made.append(postgres_server.create(postgres_template))
        return make_engine(made[-1])

    class OnPostgresql(Queue):
        def __init__(self) -> None:
            super().__init__(fresh)

    try:
        run_state_machine_as_test(OnPostgresql, settings=settings(COUNTS, max_examples=COUNTS.max_examples // 4))
    finally:
        for url in made:
            postgres_server.drop(url)


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
