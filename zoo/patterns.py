"""Patterns that the zeros of a network can be asked to follow: frozen values, in the words of the passport.

=============  ====================  ============================================================================
word           value                 what is kept
=============  ====================  ============================================================================
unstructured   :class:`Unstructured` any weights
2:4 (any N:M)  :class:`NByM`         N of each M consecutive inputs (the input channels at one kernel position: the
                                     inner dimension of a convolution's matrix product where channels lie last)
block:1x4      :class:`Block`        aligned blocks of R outputs by C inputs at one kernel position, as a whole
channel        :class:`Channel`      channels, as a whole, with everything that writes or reads them
=============  ====================  ============================================================================

What a pattern means on the tensors of one network is in ``zoo/structures/``; how it is told from a mask alone in
``zoo/checkpoint/patterns.py``.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from .checkpoint import patterns as words
from .core.errors import UsageError

AGGREGATES = ("mean", "sum", "l2")


@dataclass(frozen=True)
class Unstructured:
    """Every weight by itself."""

    kind: ClassVar[str] = "unstructured"

    def __str__(self) -> str:
        return words.UNSTRUCTURED


@dataclass(frozen=True)
class NByM:
    """``n`` of each ``m`` consecutive inputs are kept. The sparsity follows: see :attr:`sparsity`.

    A tensor whose inputs ``m`` does not divide stays dense, as in NVIDIA's apex ASP: sparse tensor cores take none.
    """

    n: int
    m: int

    kind: ClassVar[str] = "n:m"

    def __post_init__(self) -> None:
        if not (1 <= self.n < self.m and self.m in words.GROUP_SIZES):
            sizes = ", ".join(map(str, words.GROUP_SIZES))
            raise UsageError(f"N:M keeps N of M inputs, N from 1 to below M, M one of {sizes}; got {self.n}:{self.m}.")

    def __str__(self) -> str:
        return f"{self.n}:{self.m}"

    @property
    def sparsity(self) -> float:
        """Fraction of zeros in a tensor that follows it."""
        return 1.0 - self.n / self.m


@dataclass(frozen=True)
class Block:
    """Aligned blocks of ``rows`` outputs by ``columns`` inputs are kept or removed as a whole.

    ``aggregate``: how the scores of its weights become the score of a block, one of :data:`AGGREGATES`. A tensor that
    the blocks do not tile stays dense; the others pay for it.
    """

    rows: int
    columns: int
    aggregate: str = "mean"

    kind: ClassVar[str] = "block"

    def __post_init__(self) -> None:
        powers = all(size >= 1 and size & (size - 1) == 0 for size in (self.rows, self.columns))
        if not powers or self.rows * self.columns == 1:
            raise UsageError(
                f"Blocks are of more than one weight, outputs and inputs powers of two; got {self.rows}x{self.columns}."
            )
        _check_aggregate(self.aggregate)

    def __str__(self) -> str:
        return f"block:{self.rows}x{self.columns}"


@dataclass(frozen=True)
class Channel:
    """Channels are kept or removed as a whole: the filters that write them and the inputs that read them.

    ``aggregate``: how the scores of all these weights become the score of a channel. "mean" is what its removal costs
    for each weight that is saved, and ranks channels of different layers; "sum" favours wide layers.
    """

    aggregate: str = "mean"

    kind: ClassVar[str] = "channel"

    def __post_init__(self) -> None:
        _check_aggregate(self.aggregate)

    def __str__(self) -> str:
        return words.CHANNEL


Pattern: TypeAlias = Unstructured | NByM | Block | Channel

UNSTRUCTURED = Unstructured()


def parse_pattern(text: str, aggregate: str | None = None) -> Pattern:
    """The pattern of a word; raises :class:`UsageError` with examples.

    >>> parse_pattern("2:4")
    NByM(n=2, m=4)
    >>> str(parse_pattern("block:1x4"))
    'block:1x4'
    """
    if (group := words.group_of(text)) and aggregate is None:
        return NByM(*group)
    if block := words.block_of(text):
        return Block(*block) if aggregate is None else Block(*block, aggregate)
    if text == words.CHANNEL:
        return Channel() if aggregate is None else Channel(aggregate)
    if aggregate is not None:
        raise UsageError(f"Scores are aggregated for blocks and channels alone, not for {text!r}.")
    if text == words.UNSTRUCTURED:
        return UNSTRUCTURED
    raise UsageError(f"There is no pattern {text!r}.", "A pattern is unstructured, N:M (2:4), block:RxC or channel.")


def _check_aggregate(aggregate: str) -> None:
    if aggregate not in AGGREGATES:
        raise UsageError(f"Scores are aggregated by {', '.join(AGGREGATES)}, got {aggregate!r}.")
