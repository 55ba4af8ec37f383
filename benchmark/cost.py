"""What a checkpoint costs: counted from its bytes, timed on this machine."""

import time
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from torch import nn

from zoo.checkpoint.config import Preprocessing
from zoo.checkpoint.folder import ModelFolder
from zoo.checkpoint.passport import measure

from .metrics.cost import Cost
from .tasks import CostTask


def cost_of(folder: ModelFolder, model: nn.Module, task: CostTask) -> Cost:
    """Bytes of the safetensors file, non-zeros and FLOPs by its passport, and timings as ``task`` prescribes."""
    passport = measure(folder.weights, folder.config)
    return Cost(
        bytes=file_bytes(folder.weights),
        nonzeros=passport.nonzeros,
        flops=None if passport.flops_sparse is None else float(passport.flops_sparse),
        latency_ms=latency_ms(
            model, folder.config.preprocessing, task.latency_batch, task.latency_repeats, task.latency_warm_up
        ),
    )


def file_bytes(path: Path) -> int:
    """Bytes on disk, header included."""
    return path.stat().st_size


@torch.no_grad()
def latency_ms(
    model: nn.Module, preprocessing: Preprocessing, batch: int, repeats: int, warm_up: int
) -> Float64[ndarray, " repeats"]:
    """Milliseconds of each of ``repeats`` dense forward passes in evaluation mode, one after the other.

    From the preprocessed input to the logits; the input is noise, because a dense kernel's time does not depend on it.
    """
    model.eval()
    x = torch.randn(batch, *preprocessing.input_size, generator=torch.Generator().manual_seed(0))
    for _ in range(warm_up):
        model(x)
    timings = np.empty(repeats)
    for repeat in range(repeats):
        start = time.perf_counter_ns()
        model(x)
        timings[repeat] = (time.perf_counter_ns() - start) / 1e6
    return timings
