"""Batches of factorisations, some blocks at a time, on as many cores as torch may use."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

CHUNK_ELEMENTS = 2**24  # matrix entries at a time: bounds the extra memory to a few times 64 MB per core
SMALL_BLOCK = 256


def over_chunks(work: Callable[[slice], None], blocks: int, size: int, elements: int | None = None) -> None:
    """Call ``work`` on slices that cover ``blocks`` blocks of ``size`` × ``size`` once each.

    ``elements``: matrix entries of a slice, where another number than :data:`CHUNK_ELEMENTS` is better.

    The linear algebra library puts all its threads on one small matrix after the other, which is several times slower
    than a single thread. So each small matrix gets one thread here, and the cores share the slices. ``work`` runs in
    several threads and must write to its own blocks only; then the result does not depend on their number.
    """
    at_once = max(1, (elements or CHUNK_ELEMENTS) // size**2)
    slices = [slice(start, min(start + at_once, blocks)) for start in range(0, blocks, at_once)]
    threads = torch.get_num_threads()
    if threads == 1 or size > SMALL_BLOCK:
        for part in slices:
            work(part)
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(min(threads, max(1, len(slices)))) as pool:
            for _ in pool.map(work, slices):
                pass
    finally:
        torch.set_num_threads(threads)
