"""Bootstrap resamples as counts: how often each image was drawn, the same for every model and metric of a task.

Pairs of models are compared on the same resamples, so a resample may depend on nothing but the task's seed, the number
of images and their strata.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int, UInt8

REPLICATES = 1000
BLOCK_ELEMENTS = 1 << 18


def resampling_seed(task: str) -> int:
    """The seed of a task's resamples, from its ``name@version``.

    >>> resampling_seed("digits-5-9@1") == resampling_seed("digits-5-9@2")
    False
    """
    return int.from_bytes(hashlib.sha256(f"bootstrap|{task}".encode()).digest()[:8])


def resample_counts(
    n: int, seed: int, replicates: int = REPLICATES, strata: Int[np.ndarray, " n"] | None = None
) -> UInt8[np.ndarray, "replicates n"]:
    """Draws with replacement, n a replicate; with ``strata`` as many from each stratum as it has images.

    >>> resample_counts(4, seed=0, replicates=2).sum(axis=1).tolist()
    [4, 4]
    """
    labels = np.zeros(n, dtype=np.int64) if strata is None else strata.astype(np.int64)
    return _cached_counts(labels.tobytes(), seed, replicates)


@lru_cache(maxsize=4)
def _cached_counts(strata: bytes, seed: int, replicates: int) -> UInt8[np.ndarray, "replicates n"]:
    labels = np.frombuffer(strata, dtype=np.int64)
    n = labels.size
    order = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    start, size = np.repeat(first, sizes), np.repeat(sizes, sizes)
    generator = np.random.Generator(np.random.PCG64(seed))
    counts = np.empty((replicates, n), dtype=np.uint8)
    for replicate in range(replicates):
        drawn = start + generator.integers(0, n if first.size == 1 else size, size=n)
        # One image is drawn more than 255 times with probability below 1/255!: the byte cannot overflow.
        counts[replicate, order] = np.bincount(drawn, minlength=n)
    counts.flags.writeable = False
    return counts


def in_blocks(counts: UInt8[np.ndarray, "r n"]) -> Iterator[Float[np.ndarray, "b n"]]:
    """``counts`` as float64 in blocks of whole replicates that fit in a processor's cache."""
    step = max(1, BLOCK_ELEMENTS // counts.shape[1])
    for start in range(0, counts.shape[0], step):
        yield counts[start : start + step].astype(np.float64)
