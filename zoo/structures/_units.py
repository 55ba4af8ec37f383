"""The score of a unit from those of its weights."""

from collections.abc import Callable

from torch import Tensor

AGGREGATES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda scores: scores.mean(dim=-1),
    "sum": lambda scores: scores.sum(dim=-1),
    "l2": lambda scores: scores.square().sum(dim=-1).sqrt(),
}


def aggregated(scores: Tensor, how: str) -> Tensor:
    """One float64 score for each row of ``scores`` (..., weights of a unit): "mean", "sum" or "l2" (root of squares).

    >>> aggregated(torch.tensor([[3.0, 4.0]]), "l2").tolist()
    [5.0]
    """
    return AGGREGATES[how](scores.detach().double())
