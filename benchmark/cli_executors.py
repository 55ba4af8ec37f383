"""The options that say where jobs run, for every command that runs some."""

from typing import Annotated

import typer

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
