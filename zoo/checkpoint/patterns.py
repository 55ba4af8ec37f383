"""Which pattern the zeros of a mask follow, seen from the mask alone.

A pattern is a family of *supports*: sets of positions outside of which nothing is kept. Weights are seen as a matrix
(out, in) at each kernel position.

========================  =====================================================================================
``"2:4"`` (any N:M)       each M consecutive inputs keep at most N; M is 2, 4, 8, 16 or 32 (2:4 is the layout of
                          NVIDIA's sparse tensor cores, arXiv 2104.08378)
``"block:4x1"`` (R x C)   aligned blocks of R outputs by C inputs are kept or removed as a whole; R, C powers of two
``"channel"``             whole output filters are removed, or the inputs that came from removed filters, or both
``"dense"``               nothing is removed
``"empty"``               everything is removed, which follows any pattern and tells of none
``"unstructured"``        none of these
========================  =====================================================================================

A mask follows a pattern if the smallest support around it is at least 95 % kept (a few kept weights are zero by
chance), if at least 95 % of the zeros lie outside of that support, and if so few masks do the same that chance is out
of the question (less than one in a million masks with as many kept weights). A random mask fails the first at high
sparsity, the second at low sparsity and the third in a small layer. Where several patterns hold, channels are named
(they can be cut out), otherwise the pattern with the fewest masks, which says most.
"""

import re
from collections.abc import Iterable, Iterator
from math import lgamma, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

UNSTRUCTURED = "unstructured"
DENSE = "dense"
EMPTY = "empty"
CHANNEL = "channel"

GROUP_SIZES = (2, 4, 8, 16, 32)
"""The M of the N:M patterns that are told."""

_KEPT_OF_SUPPORT = 0.95
_ZEROS_OUTSIDE = 0.95
_BY_CHANCE = log(1e-6)


class _Support(NamedTuple):
    """The smallest support of one family around a mask: its positions, and ln of how many such supports there are."""

    name: str
    positions: int
    log_choices: float


def pattern_of(mask: Mask) -> str:
    """The pattern of one mask (out, in, ...), True = kept; masks of fewer than two dimensions are unstructured."""
    kept = int(np.count_nonzero(mask))
    if kept in (0, mask.size):
        return DENSE if kept else EMPTY
    if mask.ndim < 2:
        return UNSTRUCTURED
    cube = _matrices(mask)
    if _holds(_channels(cube), kept, mask.size):
        return CHANNEL
    found = [support for support in (*_blocks(cube), *_groups(cube)) if _holds(support, kept, mask.size)]
    return min(found, key=lambda support: _log_masks(support, kept)).name if found else UNSTRUCTURED


def follows(mask: Mask, pattern: str) -> bool:
    """Whether a mask follows a named pattern, though a narrower one may be its own; unknown names are never followed.

    Unlike a pattern that is told, one that is named may be so by chance: a small layer shows nothing against it.

    >>> follows(np.tile(np.array([True, False]), (8, 8)), "2:4")  # its own pattern is "channel"
    True
    """
    kept = int(np.count_nonzero(mask))
    if pattern == UNSTRUCTURED or kept in (0, mask.size):
        return True
    if mask.ndim < 2:
        return False
    cube = _matrices(mask)
    supports = (_channels(cube), *_blocks(cube), *_groups(cube))
    return any(support.name == pattern and _fits(support, kept, mask.size) for support in supports)


def common_pattern(patterns: Iterable[str]) -> str:
    """The pattern of a model: the one that all its pruned layers follow, otherwise unstructured.

    >>> common_pattern(["dense", "2:4", "1:2"])
    '2:4'
    """
    found = set(patterns) - {DENSE, EMPTY}
    shared = [wide for wide in found if all(_implies(narrow, wide) for narrow in found)]
    return shared[0] if shared else UNSTRUCTURED


def group_of(pattern: str) -> tuple[int, int] | None:
    """(N, M) of an N:M pattern, None of any other.

    >>> group_of("2:4")
    (2, 4)
    """
    return _numbers(r"([1-9]\d?):([1-9]\d?)", pattern)


def block_of(pattern: str) -> tuple[int, int] | None:
    """(outputs, inputs) of a block pattern, None of any other.

    >>> block_of("block:4x1")
    (4, 1)
    """
    return _numbers(r"block:([1-9]\d{0,4})x([1-9]\d{0,4})", pattern)


def _numbers(expression: str, pattern: str) -> tuple[int, int] | None:
    match = re.fullmatch(expression, pattern, re.ASCII)
    return (int(match[1]), int(match[2])) if match else None


def _implies(narrow: str, wide: str) -> bool:
    """Whether every mask of one pattern follows the other: 1:2 is 2:4 is 4:8, and blocks of 8x8 are blocks of 4x1."""
    if (group := group_of(narrow)) and (groups := group_of(wide)):
        return group[0] * groups[1] == group[1] * groups[0] and groups[1] % group[1] == 0
    if (block := block_of(narrow)) and (blocks := block_of(wide)):
        return block[0] % blocks[0] == 0 and block[1] % blocks[1] == 0
    return narrow == wide


def _matrices(mask: Mask) -> Mask:
    """(kernel position, out, in), contiguous."""
    return np.ascontiguousarray(np.moveaxis(mask.reshape(*mask.shape[:2], -1), -1, 0))


def _channels(cube: Mask) -> _Support:
    kernel, rows, columns = cube.shape
    alive = int(np.count_nonzero(cube.any(axis=(0, 2))))
    read = int(np.count_nonzero(cube.any(axis=(0, 1))))
    return _Support(CHANNEL, kernel * alive * read, _log_choose(rows, alive) + _log_choose(columns, read))


def _blocks(cube: Mask) -> Iterator[_Support]:
    """From pairs upwards: a larger block covers at least as much, so what does not fit need not grow."""
    kept = int(np.count_nonzero(cube))
    waiting, seen = [(1, 1, cube)], {(1, 1)}
    while waiting:
        rows, columns, alive = waiting.pop(0)
        for axis, size in ((1, (2 * rows, columns)), (2, (rows, 2 * columns))):
            if size in seen or alive.shape[axis] % 2:
                continue
            seen.add(size)
            pairs = np.moveaxis(alive, axis, 0)
            wider = np.moveaxis(pairs[::2] | pairs[1::2], 0, axis)
            count = int(np.count_nonzero(wider))
            if kept >= _KEPT_OF_SUPPORT * count * size[0] * size[1]:
                waiting.append((*size, wider))
                yield _Support(f"block:{size[0]}x{size[1]}", count * size[0] * size[1], _log_choose(wider.size, count))


def _groups(cube: Mask) -> Iterator[_Support]:
    counts = cube.astype(np.uint8)
    for group in GROUP_SIZES:
        if counts.shape[2] % 2:
            return
        counts = counts[..., ::2] + counts[..., 1::2]
        most = int(counts.max())
        if most < group:
            yield _Support(f"{most}:{group}", most * counts.size, counts.size * _log_choose(group, most))


def _holds(support: _Support, kept: int, size: int) -> bool:
    by_chance = _log_masks(support, kept) - _log_choose(size, kept)
    return _fits(support, kept, size) and by_chance <= _BY_CHANCE


def _fits(support: _Support, kept: int, size: int) -> bool:
    return kept >= _KEPT_OF_SUPPORT * support.positions and size - support.positions >= _ZEROS_OUTSIDE * (size - kept)


def _log_masks(support: _Support, kept: int) -> float:
    """ln of at least the number of masks that keep so many weights within some support of this kind and size."""
    return support.log_choices + _log_choose(support.positions, kept)


def _log_choose(total: int, chosen: int) -> float:
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)
