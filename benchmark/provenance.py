"""How a number was made: enough to make it again, and to see why two differ."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from zoo.checkpoint.folder import ModelFolder

from .job import Job
from .protocols import Evaluation, Protocol
from .tasks import Task

PACKAGES = ("numpy", "pyarrow", "safetensors", "scikit-learn", "timm", "torch", "torchvision")


def provenance_of(
    job: Job, task: Task, protocol: Protocol, folder: ModelFolder, evaluation: Evaluation
) -> dict[str, Any]:
    """JSON types only, the same for every result of the job and for every run of it on one machine."""
    return {
        "config_hash": protocol.config_hash(),
        "data_sha256": dict(task.data_sha256()),
        "preprocessing": folder.config.preprocessing.to_dict(),
        "batch_divisor": job.batch_divisor,
        "notes": dict(evaluation.notes),
        "device": device(),
        "threads": torch.get_num_threads(),
        "packages": packages(),
        "python": platform.python_version(),
        "code_version": _version_of("prunarium"),
    }


@cache
def device() -> str:
    """What computes, in words.

    A result on another device agrees within a stated tolerance only, so the name is part of every row.
    """
    return f"cpu {_processor()} ({torch.backends.cpu.get_cpu_capability()})"


@cache
def packages() -> dict[str, str]:
    """The installed versions of what takes part in a number; packages that are not installed are left out."""
    found = {name: _version_of(name) for name in PACKAGES}
    return {name: release for name, release in found.items() if release is not None}


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file, not a path of ours
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
