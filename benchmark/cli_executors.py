"""The options that say where jobs run, for every command that runs some."""

from collections.abc import Sequence
from typing import Annotated

import typer

from zoo.core.console import say

from .estimate import FORMULA, Estimate
from .placement import Placement

Processes = Annotated[int, typer.Option("--processes", min=1, help="Workers at a time.")]
Executor = Annotated[
    str | None,
    typer.Option("--executor", help="in-process, local-processes or ray; the first two by the number of --processes."),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Ray cluster, such as head:6379; without it RAY_ADDRESS, or this machine."),
]
Cpus = Annotated[float | None, typer.Option("--cpus-per-job", min=0, help="With ray: CPUs of one job.")]
Gpus = Annotated[float | None, typer.Option("--gpus-per-job", min=0, help="With ray: GPUs of one job, or a fraction.")]
MemoryGb = Annotated[float | None, typer.Option("--memory-per-job", min=0, help="With ray: memory of one job, in GB.")]


def placement_of(
    processes: int, cpus: float | None, gpus: float | None, memory_gb: float | None, address: str | None
) -> Placement:
    """The placement that the options ask for."""
    memory = None if memory_gb is None else round(memory_gb * 1e9)
    return Placement(workers=processes, cpus=cpus, gpus=gpus, memory_bytes=memory, address=address)


def say_estimates(costs: Sequence[Estimate], missing: int) -> None:
    """What the jobs to come will take on each device, or that nobody has measured anything like them."""
    told = [cost for cost in costs if cost.known]
    for cost in told:
        rest = f"; {cost.unknown} more of which nothing was measured there" if cost.unknown else ""
        say(f"About {hours_text(cost.hours)} for {cost.known} of them on {cost.device}{rest}.")
    if told:
        say(f"({FORMULA})")
    else:
        say(f"What these {missing} will take is unknown: nothing like them was measured in this catalogue.")


def hours_text(hours: float) -> str:
    """For people.

    >>> hours_text(2.5), hours_text(0.02)
    ('2.5 hours', '1.2 minutes')
    """
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
