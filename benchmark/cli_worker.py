"""``prunarium worker``: parse, choose the queue, call."""

import os
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.errors import UsageError

from .cli_executors import Address, Cpus, Executor, Gpus, MemoryGb, Processes, placement_of


def worker(
    folders: Annotated[
        Path | None, typer.Option("--folders", help="Folder of model folders to use instead of pulling from a hub.")
    ] = None,
    lease_seconds: Annotated[float, typer.Option(min=1.0, help="How long a silent worker keeps its job.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", "--drain", help="Stop when the queue is empty.")] = False,
    evaluations: Annotated[
        bool, typer.Option("--evaluations/--no-evaluations", help="Only check submissions and score deliveries.")
    ] = True,
    server: Annotated[
        str | None, typer.Option(help="Work for the server at this address, without its database, over https.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="With --server: the worker's token, instead of PRUNARIUM_WORKER_TOKEN.")
    ] = None,
    processes: Processes = 1,
    executor: Executor = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory_gb: MemoryGb = None,
) -> None:
    """Evaluate queued jobs and check submissions until stopped; SIGTERM and Ctrl-C let the current job end first."""
    from registry.settings import load_settings

    from .worker import chosen_place, work, work_for_server

    settings, placement = load_settings(), placement_of(processes, cpus, gpus, memory_gb, address)
    place = chosen_place(executor, placement)
    if server is None:
        work(settings, folders=folders, lease_seconds=lease_seconds, once=once, evaluate=evaluations, place=place)
        return
    if place is not None or not evaluations:
        raise UsageError("A worker of a server evaluates in one process.", "Start it once for each device.")
    from .remote_queue import read_token

    token = read_token(token_file, os.environ.get("PRUNARIUM_WORKER_TOKEN"))
    work_for_server(server, token, settings, folders=folders, lease_seconds=max(lease_seconds, 5.0), once=once)
