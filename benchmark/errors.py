"""What can go wrong while measuring.

BenchmarkError                    kind
├── ManifestError                 bad_data    the images are not the ones that the task was frozen with
│   ├── DataNotFetchedError       bad_data    nobody has fetched the images on this machine
│   └── UnverifiedDataError       bad_data    nobody vouches for the hash of this copy
├── BadModelError                 bad_model   the checkpoint cannot be evaluated
│   ├── SparsityLostError         bad_model   a protocol brought a pruned weight back to life
│   └── NotConvergedError         bad_model   the solver of a probe ended before it had an answer
├── LogitsError                   bad_model   logits that are not numbers, or do not fit their labels
├── PredictionsError              bug         predictions that cannot be kept or read
│   └── CorruptPredictionsError   bad_data    a blob that is not what was stored
├── MetricError                   bug         a metric was given what it cannot measure
│   └── MetricUndefinedError      bug         there is no such number here: the cell is missing, with this reason
├── NotMeasuredError              bug         a question about numbers or predictions that nobody has (exit code 2)
├── ModelUnavailableError         transient   no hub answered, or no folder holds the checkpoint
└── WorkerDiedError               transient   a worker process ended before its work did

``kind`` is one of the failure kinds of the queue: it decides whether a job is tried again (see
:mod:`benchmark.failures`).
"""

from typing import ClassVar

from registry.records import FailureKind
from zoo.core.errors import PrunariumError, UsageError


class BenchmarkError(PrunariumError):
    """The root of the errors that measuring raises on purpose."""

    kind: ClassVar[FailureKind] = "bug"


class ManifestError(BenchmarkError):
    """The data that were loaded differ from the task's frozen metadata."""

    kind = "bad_data"


class DataNotFetchedError(ManifestError):
    """A task's images are not on this machine yet; the hint is the command that gets them."""


class UnverifiedDataError(ManifestError):
    """The hash of a copy could not be computed from the source when the task was frozen, and nobody has pinned it."""


class BadModelError(BenchmarkError):
    """The checkpoint cannot be evaluated, today or later."""

    kind = "bad_model"


class SparsityLostError(BadModelError):
    """Weights that were pruned before a protocol are not zero after it (reason code ``sparsity_lost``)."""


class NotConvergedError(BadModelError):
    """A linear probe is not solved: its numbers would depend on where the solver happened to stop."""


class LogitsError(BenchmarkError):
    """Logits or probabilities with NaN, infinities or a wrong shape, or labels that are no class of theirs."""

    kind = "bad_model"


class PredictionsError(BenchmarkError):
    """Predictions that break their own rules: ids that repeat, columns of different lengths."""


class CorruptPredictionsError(PredictionsError):
    """A blob whose bytes, columns or hash are not those of stored predictions."""

    kind = "bad_data"


class MetricError(BenchmarkError):
    """A metric was asked for a number of nothing, or of the wrong kind of thing."""


class MetricUndefinedError(MetricError):
    """The number does not exist for these predictions; its message is the reason that the board shows."""


class NotMeasuredError(BenchmarkError, UsageError):
    """A question about an evaluation that was not done, or whose predictions were not kept."""


class ModelUnavailableError(BenchmarkError):
    """The checkpoint's files cannot be had at the moment."""

    kind = "transient"


class WorkerDiedError(BenchmarkError):
    """A worker process ended by itself: killed, out of memory, or unable to start."""

    kind = "transient"
