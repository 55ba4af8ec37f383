"""Every exception has a failure kind, which decides whether its job is tried again."""

import pytest
import torch

from benchmark.errors import BenchmarkError, ManifestError, ModelUnavailableError, SparsityLostError
from benchmark.failures import failure_of
from registry.errors import (
    BlobCorruptError,
    CatalogueUnavailableError,
    CorruptDownloadError,
    HubAccessError,
    HubUnavailableError,
    InvalidRecordError,
    NotOnHubError,
)
from zoo.checkpoint.errors import CheckpointError
from zoo.core.errors import PrunariumError, UsageError
from zoo.core.files import DiskFullError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "out_of_memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out_of_memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), "out_of_memory"),
        (ManifestError("other images"), "bad_data"),
        (SparsityLostError("lost"), "bad_model"),
        (CheckpointError("no such folder"), "bad_model"),
        (ModelUnavailableError("on no hub"), "transient"),
        (CatalogueUnavailableError("busy"), "transient"),
        (HubUnavailableError("no answer"), "transient"),
        (HubAccessError("gated"), "transient"),
        (NotOnHubError("deleted"), "transient"),
        (CorruptDownloadError("not the model that its passport promises"), "bad_model"),
        (BlobCorruptError("damaged"), "transient"),
        (DiskFullError("full"), "transient"),
        (ConnectionResetError("reset"), "transient"),
        (TimeoutError("late"), "timeout"),
        (InvalidRecordError("contradiction"), "bug"),
        (UsageError("no such task"), "bug"),
        (KeyError("x"), "bug"),
        (RuntimeError("shape mismatch"), "bug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_kinds(error: BaseException, kind: str) -> None:
    assert failure_of(error).kind == kind


def test_every_error_of_ours_names_its_kind() -> None:
    def tree(cls: type[BenchmarkError]) -> set[type[BenchmarkError]]:
        return {cls}.union(*(tree(child) for child in cls.__subclasses__()))

    for cls in tree(BenchmarkError):
        assert failure_of(cls("message")).kind == cls.kind, cls


def test_a_bug_says_where_and_fits_the_queue() -> None:
    try:
        dict[str, int]()["x" * 1000]
    except KeyError as error:
        failure = failure_of(error)
    assert "test_failures.py" in failure.message
    assert len(failure.message) <= 500


def test_a_deliberate_error_keeps_sentence_and_hint() -> None:
    assert failure_of(PrunariumError("It is so.", "Do this.")).message == "It is so.\nDo this."
