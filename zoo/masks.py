"""Masks (True = kept): exact counts, ties broken by position.

A threshold (``score >= t``) prunes too little or too much when scores tie, and many do: every weight that was pruned
before is exactly zero. So masks here always keep an exact *count*; among equal scores the lower flat index is kept.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.optim import Optimizer

from .allocation import count_for as count_for
from .errors import MaskError
from .prunable import prunable_parameters

Masks = dict[str, Tensor]


def keep_top(scores: Float[Tensor, "*shape"], count: int) -> Bool[Tensor, "*shape"]:
    """Keep exactly the ``count`` highest scores; among equal scores the lower flat index.

    Linear in the number of scores (a selection, not a sort). Raises :class:`MaskError` for NaN or an impossible count.

    >>> keep_top(torch.tensor([1.0, 3.0, 1.0, 1.0]), 2).tolist()
    [True, True, False, False]
    """
    flat = scores.detach().reshape(-1)
    if not 0 <= count <= flat.numel():
        raise MaskError(f"Asked to keep {count} of {flat.numel()} weights.")
    if bool(torch.isnan(flat).any()):
        raise MaskError(f"{int(torch.isnan(flat).sum())} of {flat.numel()} scores are not a number.")
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = flat.kthvalue(flat.numel() - count + 1).values
    kept = flat > threshold
    tied = (flat == threshold).nonzero().squeeze(1)
    kept[tied[: count - int(kept.sum())]] = True
    return kept.reshape(scores.shape)


def keep_top_rows(scores: Float[Tensor, "*rows columns"], count: int) -> Bool[Tensor, "*rows columns"]:
    """Keep exactly ``count`` scores, of each row as many as of the others: the highest ones of the row.

    What is left over by the division goes to the rows whose next score is the highest. Raises as :func:`keep_top`.

    >>> keep_top_rows(torch.tensor([[3.0, 2.0, 1.0], [9.0, 8.0, 7.0]]), 3).tolist()
    [[True, False, False], [True, True, False]]
    """
    rows = scores.detach().reshape(-1, scores.shape[-1])
    if not 0 <= count <= rows.numel() or bool(torch.isnan(rows).any()):
        return keep_top(scores, count)  # which says what is wrong
    each, left = divmod(count, len(rows))
    order = rows.argsort(dim=1, descending=True, stable=True)
    kept = torch.zeros_like(rows, dtype=torch.bool).scatter_(1, order[:, :each], True)
    if left:
        following = order[:, each]
        lucky = keep_top(rows.gather(1, following[:, None]).squeeze(1), left).nonzero().squeeze(1)
        kept[lucky, following[lucky]] = True
    return kept.reshape(scores.shape)


def keep_top_global(scores: Mapping[str, Tensor], count: int, within: Mapping[str, Tensor] | None = None) -> Masks:
    """Keep the ``count`` highest scores over all tensors together; ties by the order of ``scores``, then flat index.

    ``within``: masks outside of which nothing may be kept, so that the result is nested in them.
    """
    if not scores:
        raise MaskError("There is nothing to prune: no scores were given.")
    flat = torch.cat([_restricted(name, score, within).reshape(-1) for name, score in scores.items()])
    if within is not None and count > (available := sum(int(within[name].sum()) for name in scores)):
        raise MaskError(f"Asked to keep {count} weights of {available} that are left.")
    kept = torch.split(keep_top(flat, count), [score.numel() for score in scores.values()])
    return {name: part.reshape(score.shape) for part, (name, score) in zip(kept, scores.items(), strict=True)}


def keep_top_each(
    scores: Mapping[str, Tensor], counts: Mapping[str, int], within: Mapping[str, Tensor] | None = None
) -> Masks:
    """Keep ``counts[name]`` of each tensor on its own (an allocation); ``within`` as in :func:`keep_top_global`."""
    return {name: keep_top_global({name: score}, counts[name], within)[name] for name, score in scores.items()}


def keep_random(shapes: Mapping[str, tuple[int, ...]], counts: Mapping[str, int], generator: torch.Generator) -> Masks:
    """Random masks with exactly ``counts[name]`` kept weights each (a permutation, so that counts do not jitter)."""
    masks = {}
    for name, shape in shapes.items():
        flat = torch.zeros(torch.Size(shape).numel(), dtype=torch.bool)
        flat[torch.randperm(flat.numel(), generator=generator)[: counts[name]]] = True
        masks[name] = flat.reshape(shape)
    return masks


def sparsity_of(masks: Mapping[str, Tensor]) -> float:
    """The fraction of pruned weights over all masks together (the *prunable* denominator)."""
    numel = sum(mask.numel() for mask in masks.values())
    return 1.0 - sum(int(mask.sum()) for mask in masks.values()) / numel


def masks_of(model: nn.Module) -> Masks:
    """The masks that the weights themselves show: ``weight != 0`` for every prunable tensor."""
    return {name: weight.detach() != 0 for name, weight in prunable_parameters(model).items()}


@torch.no_grad()
def zero_pruned(weight: nn.Parameter, pruned: Bool[Tensor, "..."], optimizer: Optimizer | None) -> None:
    """Write +0.0 at ``pruned`` positions of the weight and of the optimizer's buffers of the same shape.

    Multiplying by a mask would leave -0.0, and a momentum left behind would move the weight at the next step.
    """
    weight.masked_fill_(pruned, 0.0)
    if optimizer is None or weight not in optimizer.state:
        return
    for buffer in optimizer.state[weight].values():
        if isinstance(buffer, Tensor) and buffer.shape == weight.shape:
            buffer.masked_fill_(pruned, 0.0)


def _restricted(name: str, score: Tensor, within: Mapping[str, Tensor] | None) -> Tensor:
    score = score.detach()
    if bool(torch.isnan(score).any()):
        raise MaskError(f"Scores of {name} hold values that are not a number.")
    return score if within is None else score.masked_fill(~within[name], -torch.inf)
