"""How weights change places in sparse training: what stays, what joins, how much each layer gets. Pure functions.

Masks are True where a weight is kept; ties go to the lower flat index; counts are exact. A weight that joins starts at
zero, because it was masked until now, and so does its momentum.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from .allocation import rounded
from .errors import MaskError
from .masks import keep_top


def staying(score: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"], count: int) -> Bool[Tensor, "*shape"]:
    """Of the kept weights, the ``count`` with the highest score."""
    if count > (available := int(mask.sum())):
        raise MaskError(f"Asked to keep {count} weights of {available} that are left.")
    return keep_top(score.masked_fill(~mask, -torch.inf), count)


def staying_by_sign(
    weight: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"], fraction: float
) -> Bool[Tensor, "*shape"]:
    """All kept weights but the ``fraction`` of the positive and of the negative ones that are closest to zero.

    Each number is rounded down; zeros count as positive. Source: Mocanu et al. 2018 (SET, arXiv 1707.04780).
    """
    result = torch.zeros_like(mask)
    for side in (mask & (weight >= 0), mask & (weight < 0)):
        count = int(side.sum())
        result |= staying(weight.abs(), side, count - int(fraction * count))
    return result


def grown(score: Float[Tensor, "*shape"], kept: Bool[Tensor, "*shape"], count: int) -> Bool[Tensor, "*shape"]:
    """``kept`` and, of all other positions, the ``count`` with the highest score."""
    if count > (free := kept.numel() - int(kept.sum())):
        raise MaskError(f"Asked to add {count} weights where {free} are pruned.")
    return kept | keep_top(score.masked_fill(kept, -torch.inf), count)


def grown_at_random(kept: Bool[Tensor, "*shape"], count: int, generator: torch.Generator) -> Bool[Tensor, "*shape"]:
    """``kept`` and ``count`` of all other positions, each set of them equally likely."""
    free = (~kept).reshape(-1).nonzero().squeeze(1)
    if count > len(free):
        raise MaskError(f"Asked to add {count} weights where {len(free)} are pruned.")
    result = kept.reshape(-1).clone()
    result[free[torch.randperm(len(free), generator=generator)[:count].to(free.device)]] = True
    return result.reshape(kept.shape)


def exchanged(
    weight: Float[Tensor, "*shape"], score: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"], fraction: float
) -> Bool[Tensor, "*shape"]:
    """The mask after one exchange: as many kept as before.

    Of ``n`` kept weights the ``k = int(fraction * n)`` smallest leave; then the ``k`` positions with the highest
    ``score`` join, among all that are not kept now, those that just left included. One that leaves and joins keeps its
    value. Source: Evci et al. 2020 (arXiv 1911.11134), google-research/rigl.
    """
    count = int(mask.sum())
    leaving = int(fraction * count)
    return grown(score, staying(weight.abs(), mask, count - leaving), leaving)


def dense_gradient(weight: nn.Parameter) -> Tensor:
    """The gradient of every position, pruned ones included; 0 where there is none or where it overflowed."""
    if weight.grad is None:
        return torch.zeros_like(weight)
    return torch.nan_to_num(weight.grad.detach(), nan=0.0, posinf=0.0, neginf=0.0)


def shared_out(shares: Mapping[str, float], room: Mapping[str, int], total: int) -> dict[str, int]:
    """Give ``total`` weights to layers in proportion to ``shares``, none more than its ``room``.

    What a full layer cannot take is handed on to the layers that have room, equal parts to each, until all is given
    (Dettmers & Zettlemoyer 2019, arXiv 1907.04840; TimDettmers/sparse_learning ``calc_growth_redistribution``). The
    sum is exact. Without any share, in proportion to the room. Raises :class:`MaskError` for too little room.

    >>> shared_out({"a": 3.0, "b": 1.0, "c": 0.0}, {"a": 4, "b": 9, "c": 9}, 8)
    {'a': 4, 'b': 3, 'c': 1}
    """
    if total > sum(room.values()):
        raise MaskError(f"Asked to add {total} weights where {sum(room.values())} are pruned.")
    wanted = shares if any(shares.values()) else room
    whole = sum(wanted.values()) or 1
    real = {name: total * share / whole for name, share in wanted.items()}
    for _ in real:
        surplus = sum(max(0.0, real[name] - room[name]) for name in real)
        real = {name: min(value, float(room[name])) for name, value in real.items()}
        hungry = [name for name in real if real[name] < room[name]]
        if surplus <= 0.0 or not hungry:
            break
        for name in hungry:
            real[name] += surplus / len(hungry)
    return rounded(real, total, room)
