"""How a number was made: enough to make it again, and to see why two differ."""

import platform
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch

from zoo.checkpoint.folder import ModelFolder
from zoo.core.versions import code_version, package_versions

from .job import Job
from .numerics import Numerics
from .protocols import Evaluation, Protocol
from .tasks import Task

PACKAGES = ("numpy", "pyarrow", "safetensors", "scikit-learn", "timm", "torch", "torchvision")


def provenance_of(
    job: Job,
    task: Task,
    protocol: Protocol,
    folder: ModelFolder,
    evaluation: Evaluation,
    documents: Mapping[str, str],
) -> dict[str, Any]:
    """JSON types only, the same for every result of the job and for every run of it on one machine.

    ``documents`` are addresses in the store of blobs, by name.
    """
    fed = evaluation.preprocessing or folder.config.preprocessing
    numerics = Numerics.of_environment()
    return {
        "config_hash": protocol.config_hash(),
        "data_sha256": dict(task.data_sha256()),
        "preprocessing": task.fed(fed).to_dict(),
        "batch_divisor": job.batch_divisor,
        "notes": dict(evaluation.notes),
        "device": device(numerics.device),
        "numerics": numerics.to_json(),
        "threads": torch.get_num_threads(),
        "packages": package_versions(PACKAGES),
        "code_version": code_version(),
        **({"documents": dict(documents)} if documents else {}),
    }


@cache
def device(kind: str = "cpu") -> str:
    """What computes, in words; ``kind`` is ``cpu`` or ``cuda``.

    A result on another device agrees within a stated tolerance only, so the name is part of every row.
    """
    if kind == "cuda":
        return f"cuda {torch.cuda.get_device_name()}"
    return f"cpu {_processor()} ({torch.backends.cpu.get_cpu_capability()})"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file, not a path of ours
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
