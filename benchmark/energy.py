"""What a device says it has used: NVIDIA's management library for a GPU, the kernel's RAPL counters for a CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

RAPL = Path("/sys/class/powercap")

EnergyMeter = Callable[[], float]
"""Joules since some moment in the past; the difference of two calls is what was used between them."""


def energy_meter(device: torch.device, rapl: Path = RAPL) -> EnergyMeter | str:
    """The meter of ``device``, or the reason why there is none."""
    return _nvml_meter(device.index or 0) if device.type == "cuda" else _rapl_meter(rapl)


def _nvml_meter(index: int) -> EnergyMeter | str:
    try:
        import pynvml
    except ModuleNotFoundError:
        return "energy of a GPU is read with nvidia-ml-py: pip install nvidia-ml-py"
    try:
        pynvml.nvmlInit()
        # Torch counts the devices that CUDA_VISIBLE_DEVICES leaves, the library all; their UUIDs are the same.
        uuid = f"GPU-{torch.cuda.get_device_properties(index).uuid}"
        handle: Any = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError as error:
        return f"this GPU reports no energy: {error}"
    return lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000


def _rapl_meter(root: Path) -> EnergyMeter | str:
    packages = sorted(root.glob("*-rapl:[0-9]*"))
    # "intel-rapl:0:1" is a part of "intel-rapl:0", and would be counted twice.
    counters = [path / "energy_uj" for path in packages if path.name.count(":") == 1]
    if not counters:
        return "this processor reports no energy"
    try:
        ranges = [int((path.parent / "max_energy_range_uj").read_text()) for path in counters]
        last = [int(path.read_text()) for path in counters]
    except OSError:
        return f"the processor's energy may be read by the administrator alone ({counters[0]})"
    used = 0

    def meter() -> float:
        nonlocal last, used
        now = [int(path.read_text()) for path in counters]
        # A counter begins again at 0 when it is full.
        used += sum((new - old) % (most + 1) for new, old, most in zip(now, last, ranges, strict=True))
        last = now
        return used / 1e6

    return meter
