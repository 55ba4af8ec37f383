"""Two processes that prune one network together through accelerate, started by ``run_together``."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pruning_runs import STEPS, start
from torch import nn

from zoo.methods import METHODS
from zoo.prunable import prunable_parameters

PROCESSES = 2
TARGET = 0.5


def run_together(methods: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """What each process ended with: masks and weights by method, as nested lists."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    together = {"WORLD_SIZE": str(PROCESSES), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder / f"{rank}.json"), *methods],
            env=os.environ
            | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
            | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])}
            | together,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(PROCESSES)
    ]
    errors = [process.communicate(timeout=240)[1] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError("\n".join(errors))
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(PROCESSES)]


def share_statistics(model: nn.Module) -> None:
    """As the training engine does: what calibrates in evaluation mode must see the same statistics everywhere."""
    for buffer in model.buffers():
        torch.distributed.broadcast(buffer, 0)


def main(file: str, methods: Sequence[str]) -> None:
    """One of the processes: every second image of each batch is its own."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    if accelerator.num_processes != PROCESSES:
        raise RuntimeError(f"accelerate sees {accelerator.num_processes} processes, not {PROCESSES}.")
    ends = {}
    for name in methods:
        method = METHODS[name](METHODS[name].config_type(**next(iter(METHODS[name].short_runs.values()), {})))
        run = start(method, TARGET, accelerator=accelerator)
        run.share = slice(accelerator.process_index, None, PROCESSES)
        run.between = partial(share_statistics, run.model)
        run.advance(STEPS).finish()
        ends[name] = {
            "masks": {key: mask.tolist() for key, mask in run.pruner.masks.items()},
            "weights": {key: weight.tolist() for key, weight in prunable_parameters(run.model).items()},
        }
    Path(file).write_text(json.dumps(ends))
    accelerator.end_training()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
