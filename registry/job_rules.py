"""What may happen to a job: pure functions from a record to the next one.

========  ===========  ========================================  =====================================
state     event        next state                                effect
========  ===========  ========================================  =====================================
queued    claim        leased                                    attempt + 1, an owner, an expiry
leased    heartbeat    leased                                    a later expiry
leased    finish       done
leased    fail         queued (retry) or failed                  by failure kind and attempts left
leased    expire       queued, or failed after the last attempt
leased    release      queued                                    the attempt is given back
leased    deliver      queued, to be scored                      one attempt more, for the scoring
leased    refuse       queued (retry) or failed                  what was delivered is dropped
failed    retry        queued                                    three more attempts
========  ===========  ========================================  =====================================

Every other pair is refused with :class:`~registry.errors.TransitionError`. Times are microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .errors import TransitionError
from .records import FailureKind, JobRecord

SECOND_US = 1_000_000
MAX_ATTEMPTS = 3
# A heartbeat that lies further in the future than this was written before the clock went back.
CLOCK_TOLERANCE_US = 60 * SECOND_US


@dataclass(frozen=True)
class Retry:
    """What to do after a failure: wait ``delay_seconds`` times 2 to the attempts made, perhaps with smaller batches."""

    delay_seconds: float
    halve_batch: bool = False


# Kinds that are not here stop the job: the model, the data or the code must change first.
RETRIES: Mapping[FailureKind, Retry] = {
    "transient": Retry(delay_seconds=1.0),
    "timeout": Retry(delay_seconds=5.0),
    "out_of_memory": Retry(delay_seconds=0.0, halve_batch=True),
}
MAX_DELAY_US = 600 * SECOND_US


def claimed(job: JobRecord, owner: str, now: int, lease_us: int) -> JobRecord:
    """A queued job goes to ``owner``, as its next attempt."""
    _require(job, "queued", "claimed")
    return replace(
        job,
        state="leased",
        attempt=job.attempt + 1,
        lease_owner=owner,
        lease_expires_us=now + lease_us,
        heartbeat_us=now,
        failure_kind=None,
        failure_message=None,
    )


def beaten(job: JobRecord, now: int, lease_us: int) -> JobRecord:
    """The owner is alive: the lease lasts ``lease_us`` from now on."""
    _require(job, "leased", "kept")
    return replace(job, heartbeat_us=now, lease_expires_us=now + lease_us)


def finished(job: JobRecord, now: int) -> JobRecord:
    """The work is done and its results are written."""
    _require(job, "leased", "finished")
    return _ended(job, "done", now)


def failed(job: JobRecord, kind: FailureKind, message: str, now: int) -> JobRecord:
    """The attempt failed: back to the queue if the kind allows and attempts are left, else failed for good."""
    _require(job, "leased", "failed")
    told = replace(job, failure_kind=kind, failure_message=message)
    retry = RETRIES.get(kind)
    if retry is None or job.attempt >= job.max_attempts:
        return _ended(told, "failed", now)
    delay = min(int(retry.delay_seconds * SECOND_US) << (job.attempt - 1), MAX_DELAY_US)
    divisor = job.batch_divisor * 2 if retry.halve_batch else job.batch_divisor
    return replace(_queued(told), not_before_us=now + delay if delay else 0, batch_divisor=divisor)


def expired(job: JobRecord, now: int) -> JobRecord:
    """Nothing was heard from the owner: another attempt, or failed after the last one."""
    _require(job, "leased", "expired")
    message = f"Nothing was heard from {job.lease_owner} before the lease of attempt {job.attempt} ended."
    told = replace(job, failure_kind="timeout", failure_message=message)
    return _ended(told, "failed", now) if job.attempt >= job.max_attempts else replace(_queued(told), not_before_us=0)


def released(job: JobRecord) -> JobRecord:
    """The owner gives the job back unharmed (it was told to stop); the attempt does not count."""
    _require(job, "leased", "released")
    return replace(_queued(job), max_attempts=job.max_attempts + 1, not_before_us=0)


def delivered(job: JobRecord) -> JobRecord:
    """A worker without the database has sent its predictions: whoever has it scores them, in an attempt of its own."""
    _require(job, "leased", "delivered")
    if job.delivered:
        raise TransitionError(f"Job {job.id} was delivered before and is being scored.")
    return replace(_queued(job), delivered=True, max_attempts=job.max_attempts + 1, not_before_us=0)


def refused(job: JobRecord, message: str, now: int) -> JobRecord:
    """What was delivered is not what it says it is: the job is evaluated again, as after any failure of a worker."""
    return replace(failed(job, "transient", message, now), delivered=False)


def retried(job: JobRecord) -> JobRecord:
    """A failed job gets as many attempts again, because somebody removed the cause."""
    _require(job, "failed", "retried")
    return replace(
        _queued(job),
        max_attempts=job.attempt + MAX_ATTEMPTS,
        not_before_us=0,
        delivered=False,
        failure_kind=None,
        failure_message=None,
    )


def _queued(job: JobRecord) -> JobRecord:
    return replace(job, state="queued", lease_owner=None, lease_expires_us=None, heartbeat_us=None, finished_us=None)


def _ended(job: JobRecord, state: str, now: int) -> JobRecord:
    ended = replace(_queued(job), finished_us=now)
    return (
        replace(ended, state="done", failure_kind=None, failure_message=None)
        if state == "done"
        else replace(ended, state="failed")
    )


def _require(job: JobRecord, state: str, verb: str) -> None:
    if job.state != state:
        raise TransitionError(f"Job {job.id} is {job.state}: only a {state} job can be {verb}.")
