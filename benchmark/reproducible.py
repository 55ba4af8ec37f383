"""One setting of the numerics for every job, so that a job gives the same bits wherever on a machine it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

THREADS = 1


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """One thread, deterministic algorithms, torch's random state seeded; all of it put back at the end.

    Sums over threads are added in another order on another machine; jobs run side by side in processes instead.
    """
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
