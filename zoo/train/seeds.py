"""Streams of random numbers: one for each purpose, all from the run's one seed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def stream_seed(seed: int, purpose: str) -> int:
    """A seed of its own for each purpose, so that initial weights, order and masks are not one stream thrice."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {seed}".encode()).digest()[:7], "little")


@contextmanager
def chance(seed: int, device: torch.device) -> Iterator[None]:
    """Inside the block torch's global generators (for dropout and the like) start at ``seed``; then they are as before.

    Every training step has a block of its own, so that what it draws depends on its number alone: a run that goes on
    after a crash needs no state of a generator.
    """
    # Not torch.manual_seed: without a GPU it formats a traceback on every call.
    before = torch.default_generator.get_state()
    on_gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    torch.default_generator.manual_seed(seed)
    if on_gpu is not None:
        torch.cuda.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(before)
        if on_gpu is not None:
            torch.cuda.set_rng_state(on_gpu, device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine: a single thread inside the block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
