"""Which pattern the zeros of a mask follow, seen from the mask alone."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

UNSTRUCTURED = "unstructured"

# The finest first: a 2:4 mask is a 4:8 mask as well.
_KNOWN = ((1, 4), (2, 4), (4, 8))

# Some kept weights are zero by chance, so that not every group is full; an unstructured mask fills far fewer.
_FULL_GROUPS = 0.95


def n_of_m(mask: npt.NDArray[np.bool_]) -> str:
    """``"2:4"``, ``"1:4"``, ``"4:8"`` or ``"unstructured"`` for one mask (out, in, ...), True = kept.

    N:M holds where each M consecutive weights along the input dimension keep at most N (the layout of NVIDIA's sparse
    tensor cores, arXiv 2104.08378), and at least 95 % of the groups keep exactly N; without the second condition every
    very sparse mask would pass.
    """
    for n, m in _KNOWN:
        if mask.ndim < 2 or mask.size == 0 or mask.shape[1] % m:
            continue
        kept = np.moveaxis(mask, 1, -1).reshape(-1, m).sum(axis=1)
        if kept.max() <= n and np.mean(kept == n) >= _FULL_GROUPS:
            return f"{n}:{m}"
    return UNSTRUCTURED


def common_pattern(patterns: Iterable[str]) -> str:
    """The pattern of a model: that of its pruned layers where they agree, otherwise unstructured."""
    found = set(patterns)
    return found.pop() if len(found) == 1 else UNSTRUCTURED
