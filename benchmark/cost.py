"""What a checkpoint costs: counted from its bytes, timed and weighed on this machine."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from torch import Tensor, nn

from zoo.checkpoint.config import Preprocessing
from zoo.checkpoint.folder import ModelFolder
from zoo.checkpoint.passport import measure

from .energy import energy_meter
from .memory import peak_bytes
from .metrics.cost import Cost
from .tasks import CostTask, Timing


def cost_of(folder: ModelFolder, model: nn.Module, task: CostTask) -> Cost:
    """Bytes of the safetensors file, non-zeros and FLOPs by its passport, and what ``task`` has measured."""
    passport = measure(folder.weights, folder.config)
    preprocessing = folder.config.preprocessing
    counted = Cost(
        bytes=file_bytes(folder.weights),
        nonzeros=passport.nonzeros,
        flops=None if passport.flops_sparse is None else float(passport.flops_sparse),
        flops_dense=None if passport.flops_dense is None else float(passport.flops_dense),
        latency_ms=latency_ms(model, preprocessing, task.latency),
    )
    return counted if task.throughput is None else _with_throughput(counted, model, preprocessing, task.throughput)


def _with_throughput(counted: Cost, model: nn.Module, preprocessing: Preprocessing, timing: Timing) -> Cost:
    meter = energy_meter(_device(model))
    before = None if isinstance(meter, str) else meter()
    seconds = latency_ms(model, preprocessing, timing) / 1000
    energy = None
    if not isinstance(meter, str) and before is not None:
        passes = timing.repeats + timing.warm_up
        energy = (meter() - before) / (passes * timing.batch)
    return replace(
        counted,
        throughput=timing.batch / seconds,
        peak_memory_bytes=peak_bytes(model, noise(model, preprocessing, timing.batch)),
        energy_joules=energy,
        no_energy_reason=meter if isinstance(meter, str) else None,
    )


def file_bytes(path: Path) -> int:
    """Bytes on disk, header included."""
    return path.stat().st_size


@torch.no_grad()
def latency_ms(model: nn.Module, preprocessing: Preprocessing, timing: Timing) -> Float64[ndarray, " repeats"]:
    """Milliseconds of each of the timed dense forward passes in evaluation mode, one after the other.

    From the preprocessed input on the model's device to the logits there, finished; the input is noise, because a dense
    kernel's time does not depend on it.
    """
    model.eval()
    x = noise(model, preprocessing, timing.batch)
    finish = _waiting_for(x.device)
    for _ in range(timing.warm_up):
        model(x)
    timings = np.empty(timing.repeats)
    for repeat in range(timing.repeats):
        finish()
        start = time.perf_counter_ns()
        model(x)
        finish()
        timings[repeat] = (time.perf_counter_ns() - start) / 1e6
    return timings


def noise(model: nn.Module, preprocessing: Preprocessing, batch: int) -> Tensor:
    """A seeded batch of the model's own input size, on its device."""
    x = torch.randn(batch, *preprocessing.input_size, generator=torch.Generator().manual_seed(0))
    return x.to(_device(model))


def _device(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _waiting_for(device: torch.device) -> Callable[[], None]:
    """A GPU returns before it has computed."""
    return (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)
