"""Masks (True = kept) made to follow a pattern, one block or group at a time."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def grouped(n: int, m: int, shape: tuple[int, ...], seed: int = 0) -> Mask:
    """``shape`` (out, in, ...): a random mask that keeps exactly n of each m consecutive inputs."""
    rng = np.random.default_rng(seed)
    moved = (shape[0], *shape[2:], shape[1])
    ranks = rng.random((int(np.prod(shape)) // m, m)).argsort(axis=1).argsort(axis=1)
    return np.moveaxis((ranks < n).reshape(moved), -1, 1)


def blocked(rows: int, columns: int, shape: tuple[int, ...], density: float = 0.25, seed: int = 0) -> Mask:
    """Aligned blocks of (outputs, inputs), drawn apart for each kernel position."""
    rng = np.random.default_rng(seed)
    kernel = int(np.prod(shape[2:]))
    mask = np.zeros((shape[0], shape[1], kernel), np.bool_)
    for position in range(kernel):
        for top in range(0, shape[0], rows):
            for left in range(0, shape[1], columns):
                mask[top : top + rows, left : left + columns, position] = rng.random() < density
    return mask.reshape(shape)
