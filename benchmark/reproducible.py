"""One setting of the numerics for every job, so that a job gives the same bits wherever on a machine it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

THREADS = 1


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """One thread, deterministic algorithms, torch's random state seeded; all of it put back at the end.

    Sums over threads are added in another order on another machine; jobs run side by side in processes instead. On a
    GPU convolutions are not tried out against each other, sums of bf16 are in fp32, and TF32 is off.
    """
    # Read when the first product is computed on a GPU; without it deterministic products are refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    flags = [
        (torch.backends.cudnn, "benchmark"),
        (torch.backends.cudnn, "allow_tf32"),
        (torch.backends.cuda.matmul, "allow_tf32"),
        (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction"),
    ]
    before = [getattr(holder, name) for holder, name in flags]
    for holder, name in flags:
        setattr(holder, name, False)
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
        torch.set_num_threads(threads)
        for (holder, name), value in zip(flags, before, strict=True):
            setattr(holder, name, value)
