"""Sums over a stream of gradients that can be stopped at any moment and go on from what was kept on disk."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..core.errors import UsageError
from ..scratch import Slot

Stream = Callable[[int], Iterable[Mapping[str, Tensor]]]
"""Called with the number of gradients to leave out at the beginning; gives dictionaries of (n, *shape) tensors. Every
call must give the same gradients, in the same portions after the same beginning."""


@runtime_checkable
class Sums(Protocol):
    """What is accumulated; ``count`` is the number of gradients that are in it."""

    count: int

    def add(self, gradients: Mapping[str, Tensor]) -> None:
        """Add ``n`` gradients: (n, *shape) by name."""

    def state(self) -> dict[str, Any]:
        """All that :meth:`load_state` needs, not copied."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a kept state."""


def accumulate(sums: Sums, stream: Stream, slot: Slot | None = None) -> None:
    """Add the whole stream to ``sums``, from where ``slot`` was left.

    What ``slot`` holds afterwards, if it holds anything, is the whole sum: a later failure costs no measuring.

    Raises :class:`UsageError` when there is no gradient at all.
    """
    kept = None if slot is None else slot.read()
    if kept is not None:
        sums.load_state(kept)
    before = sums.count
    for gradients in stream(before):
        sums.add(gradients)
        del gradients  # frees the portion before the stream makes the next one
        if slot is not None:
            slot.write_if_due(sums.state)
    if sums.count == 0:
        raise UsageError("The Fisher needs at least one gradient, the stream gave none.")
    if slot is not None and slot.path.exists() and sums.count > before:
        slot.write(sums.state())
