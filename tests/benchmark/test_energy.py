"""Counters of energy: the kernel's files, and NVIDIA's library as far as it can be played without a GPU."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from benchmark.energy import energy_meter

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def counter(root: Path, name: str, micro_joules: int, most: int = 999) -> Path:
    """A counter as Linux lays it below /sys/class/powercap."""
    folder = root / name
    folder.mkdir()
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    (folder / "energy_uj").write_text(f"{micro_joules}\n")
    return folder / "energy_uj"


def test_packages_are_added_and_a_full_counter_begins_again(tmp_path: Path) -> None:
    first, second = counter(tmp_path, "intel-rapl:0", 900), counter(tmp_path, "intel-rapl:1", 100)
    part = counter(tmp_path, "intel-rapl:0:0", 50)
    meter = energy_meter(CPU, tmp_path)
    assert not isinstance(meter, str)
    start = meter()
    first.write_text("100\n")  # 900 -> 999 -> 0 -> 100
    second.write_text("400\n")
    part.write_text("90\n")
    assert meter() - start == pytest.approx(500e-6)
    first.write_text("101\n")
    assert meter() - start == pytest.approx(501e-6)


def test_a_processor_without_counters_says_so(tmp_path: Path) -> None:
    assert energy_meter(CPU, tmp_path) == "this processor reports no energy"


def test_counters_that_may_not_be_read_say_so(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 1).unlink()
    assert "by the administrator alone" in str(energy_meter(CPU, tmp_path))


def nvml(error: bool) -> ModuleType:
    module = ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    readings = iter([0, 5_000, 7_500])

    def total(handle: str) -> int:
        assert handle == "handle of GPU-abc"
        if error:
            raise NVMLError("Not Supported")
        return next(readings)

    vars(module).update(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: f"handle of {uuid}",
        nvmlDeviceGetTotalEnergyConsumption=total,
    )
    return module


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="abc"))


@pytest.mark.usefixtures("one_gpu")
def test_nvml_counts_millijoules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(error=False))
    meter = energy_meter(GPU)
    assert not isinstance(meter, str)
    assert -meter() + meter() == 2.5


@pytest.mark.usefixtures("one_gpu")
def test_a_gpu_that_cannot_say_gives_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(error=True))
    assert energy_meter(GPU) == "this GPU reports no energy: Not Supported"


def test_without_the_library_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "pip install nvidia-ml-py" in str(energy_meter(GPU))
