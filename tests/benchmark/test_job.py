"""A job crosses borders as JSON."""

import json

import pytest

from benchmark.job import Job, JobKey
from zoo.core.errors import UsageError

JOB = Job(3, "gmp/resnet50/0.90", "cifar10@1", "linear@1", 7, batch_divisor=4)


def test_json_round_trip() -> None:
    assert Job.from_json(json.loads(json.dumps(JOB.to_json()))) == JOB


def test_the_key_leaves_out_how_a_job_is_computed() -> None:
    assert JOB.key == JobKey(3, "cifar10@1", "linear@1", 7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "7"}, "expected <class 'int'> for seed, got '7'"),
        ({"seed": True}, "for seed, got True"),
        ({"surprise": 1}, "A job has the fields"),
    ],
)
def test_malformed_jobs_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Job.from_json({**JOB.to_json(), **change})
