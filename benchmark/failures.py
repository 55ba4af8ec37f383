"""From an exception to one of the queue's failure kinds, which decides whether a job is tried again."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from registry.records import FailureKind
from zoo.core.errors import PrunariumError

from .errors import BenchmarkError

_OUT_OF_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")
# The queue keeps 500 characters: enough to recognise a failure. The whole traceback goes to the worker's log.
_LONGEST_MESSAGE = 500


class Failure(NamedTuple):
    """A kind (``transient``, ``out_of_memory``, ``timeout``, ``bad_model``, ``bad_data`` or ``bug``) and the story."""

    kind: FailureKind
    message: str


def failure_of(error: BaseException) -> Failure:
    """Classify an exception that ended a job.

    An error raised on purpose keeps its sentence; anything else says where it was raised. Memory comes first:
    frameworks wrap it in exceptions of many types.

    >>> failure_of(MemoryError("out of memory")).kind
    'out_of_memory'
    """
    if is_out_of_memory(error):
        return Failure("out_of_memory", _short(error))
    if isinstance(error, BenchmarkError):
        return Failure(error.kind, str(error))
    for kind, names in _KINDS_BY_NAME.items():
        if any(cls.__name__ in names for cls in type(error).__mro__):
            return Failure(kind, _short(error))
    if isinstance(error, PrunariumError):
        # The zoo and the registry raise these for a checkpoint that is damaged, partial or unknown to the code.
        return Failure("bad_model", str(error))
    if isinstance(error, TimeoutError):
        return Failure("timeout", _short(error))
    if isinstance(error, OSError):
        return Failure("transient", _short(error))
    return Failure("bug", f"{_short(error)} ({_place(error)})")


# The first kind that fits. By name, so that classifying an error imports no database driver and no network library.
_KINDS_BY_NAME: Mapping[FailureKind, set[str]] = {
    "timeout": {"TimeoutException"},
    # A repository that is away or closed today says nothing about the model: its owner may open it again.
    "transient": {
        "BlobError",
        "CatalogueError",
        "DiskFullError",
        "HubAccessError",
        "HubUnavailableError",
        "NotOnHubError",
        "ServerError",
        "TransportError",
    },
    "bug": {"ImmutableRowError", "InvalidRecordError", "TransitionError", "UsageError"},
}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch may do; frameworks say it in exceptions of many types."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY_WORDS)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[: _LONGEST_MESSAGE - 100]


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "never raised"
