"""What a suite wants, and what is left to do."""

from hypothesis import given
from hypothesis import strategies as st

from benchmark.job import JobKey
from benchmark.plan import Target, make_plan, wanted_jobs
from benchmark.suites import Cell, Suite

SUITE = Suite("s", "1", "S", (Cell("a@1", "linear@1", (0, 1, 2)), Cell("a@1", "full@1", (0, 1, 2))))
SEEDED = {"linear@1": False, "full@1": True}
TARGETS = [Target(1, "m1"), Target(2, "m2")]


def test_a_protocol_without_randomness_is_run_once() -> None:
    found = [(job.protocol, job.seed) for job in wanted_jobs(SUITE, TARGETS[:1], SEEDED)]
    assert found == [("linear@1", 0), ("full@1", 0), ("full@1", 1), ("full@1", 2)]


def test_given_seeds_replace_those_of_the_suite() -> None:
    found = [(job.protocol, job.seed) for job in wanted_jobs(SUITE, TARGETS[:1], SEEDED, seeds=[7, 8])]
    assert found == [("linear@1", 0), ("full@1", 7), ("full@1", 8)]


def test_jobs_of_a_checkpoint_follow_each_other_and_repeat_nothing() -> None:
    wanted = wanted_jobs(SUITE, [*TARGETS, TARGETS[0]], SEEDED)
    assert [job.checkpoint_id for job in wanted] == [1] * 4 + [2] * 4


@given(st.sets(st.sampled_from([job.key for job in wanted_jobs(SUITE, TARGETS, SEEDED)])))
def test_a_plan_parts_the_wanted_jobs_and_ends_empty(existing: set[JobKey]) -> None:
    wanted = wanted_jobs(SUITE, TARGETS, SEEDED)
    plan = make_plan(wanted, existing | {JobKey(9, "other@1", "full@1", 0)})
    assert {job.key for job in plan.existing} == existing
    assert sorted(plan.wanted, key=lambda job: job.key) == sorted(wanted, key=lambda job: job.key)
    assert make_plan(wanted, existing | {job.key for job in plan.missing}).missing == ()
