"""Run by torch.distributed.run: every process trains the same tiny sessions, and writes down what it ended with.

Arguments: a folder; the methods, comma-separated.
"""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn
from training_runs import BATCH, tiny_data, tiny_session

from zoo.methods import METHODS
from zoo.train import Execution, MemoryBatches, Session, Share, TrainConfig, make_accelerator

CONFIG = TrainConfig(epochs=3, batch_size=BATCH, learning_rate=0.05, norm_batches=2)


def uncoupled(share: Share, **options: Any) -> Session:
    """A dense session on a network whose layers look at one image at a time: shares of a batch add up exactly."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    data = shared(share)
    return Session(model, data, CONFIG, input_size=(1, 6, 6), method=METHODS["dense"](), target=0.0, **options)


def shared(share: Share) -> MemoryBatches:
    whole = tiny_data()
    return MemoryBatches(whole._images, whole._labels, BATCH, 0, share)


def main(folder: Path, methods: list[str]) -> None:
    for name in methods:
        accelerator = make_accelerator(CONFIG.precision, Execution())
        share = Share(accelerator.process_index, accelerator.num_processes)
        if name == "uncoupled":
            session = uncoupled(share, accelerator=accelerator)
        else:
            kind = METHODS[name]
            label = next(iter(kind.short_runs), None)
            settings = {} if label is None else kind.short_runs[label]
            session = tiny_session(
                CONFIG,
                kind(kind.config_type(**settings)),
                0.0 if name == "dense" else 0.5,
                data=shared(share),
                accelerator=accelerator,
            )
        for _ in session:
            pass
        result = session.finish()
        state = {
            "weights": session.model.state_dict(),
            "masks": session.pruner.masks,
            "sparsity": session.pruner.sparsity(),
            "losses": [row.loss for row in result.history],
            "flops": result.flops,
            "share": (share.rank, share.of),
        }
        torch.save(state, folder / f"{name}-{share.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    os._exit(0)  # threads of torch can abort a process that ends by itself, seldom, on a busy machine
