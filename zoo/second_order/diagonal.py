"""The diagonal of the empirical Fisher: F_ii, the mean of squared gradients."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..errors import NonFiniteGradientError
from ..scratch import Slot
from .accumulate import Stream, accumulate

SQUARES = 2**22  # numbers that are in double precision at a time


class DiagonalSum:
    """The running sum of squares of every weight's gradient, in float64: a name's tensor has the weight's shape."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = device
        self.count = 0
        self.total: dict[str, Tensor] = {}

    def add(self, gradients: Mapping[str, Tensor]) -> None:
        """Add ``n`` gradients: (n, *shape) by name."""
        for name, rows in gradients.items():
            if name not in self.total:
                self.total[name] = torch.zeros_like(rows[0], dtype=torch.float64)
            for some in torch.split(rows, max(1, SQUARES // rows[0].numel())):
                self.total[name] += some.double().square_().sum(0)
        self.count += len(next(iter(gradients.values())))

    def state(self) -> dict[str, Any]:
        """The sums and their number."""
        return {"count": self.count, "total": self.total}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state."""
        self.count = state["count"]
        self.total = {name: total.to(self.device) for name, total in state["total"].items()}


def streamed_diagonal(
    stream: Stream, slot: Slot | None = None, device: torch.device | str = "cpu"
) -> dict[str, Tensor]:
    """F_ii per tensor in float64, from gradients on ``device`` that are never stored.

    Raises :class:`~zoo.core.errors.UsageError` on an empty stream and :class:`NonFiniteGradientError` for a square
    beyond the number range.
    """
    sums = DiagonalSum(device)
    accumulate(sums, stream, slot)
    if bad := [name for name, total in sums.total.items() if not total.isfinite().all()]:
        raise NonFiniteGradientError(
            f"Gradients of {', '.join(bad)} hold NaN or infinity.",
            "Did training diverge? Check the loss and the learning rate.",
        )
    return {name: total / sums.count for name, total in sums.total.items()}
