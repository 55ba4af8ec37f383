"""What the numbers were measured on, and how much of it others were using."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "numpy", "torchmetrics", "safetensors", "sqlalchemy", "huggingface-hub", "hf-xet")
BUSY_FRACTION = 0.1
"""Above this share of the processors' time in other hands, a run calls its machine busy."""


@dataclass
class Machine:
    """Facts of a run; ``others_fraction`` is the share of all cores' time that other processes took meanwhile."""

    date: str
    cpu: str
    cores: int
    torch_threads: int
    memory_gib: float
    system: str
    python: str
    packages: dict[str, str]
    wall_seconds: float | None = None
    others_fraction: float | None = None

    @property
    def busy(self) -> bool:
        """Whether others used enough of the machine to widen the ranges."""
        return self.others_fraction is not None and self.others_fraction > BUSY_FRACTION


@contextmanager
def observed() -> Iterator[Machine]:
    """The machine; when the block is over, with what others used of it while it lasted."""
    import torch  # late: the environment of the run is set before

    machine = Machine(
        date=datetime.now(UTC).date().isoformat(),
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        torch_threads=torch.get_num_threads(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={**{name: version(name) for name in PACKAGES}, "sqlite": sqlite3.sqlite_version},
    )
    busy, own = _busy_seconds(), os.times()
    yield machine
    now = os.times()
    machine.wall_seconds = round(now.elapsed - own.elapsed, 1)
    used = sum(now[:4]) - sum(own[:4])
    if busy is not None and (busy_now := _busy_seconds()) is not None:
        total = machine.wall_seconds * (os.cpu_count() or 1)
        machine.others_fraction = round(max(0.0, busy_now - busy - used) / total, 3) if total else 0.0


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _busy_seconds() -> float | None:
    """Processor time that all processes have used since the start, stolen time included; None off Linux."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
