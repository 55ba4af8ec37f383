"""Reorder channels so that N:M keeps more: the same function, with other neighbours in each group of inputs.

What N:M removes depends on which inputs are neighbours. The channels of a group (:mod:`zoo.channels`) can stand in any
order, as long as all that writes and all that reads them agrees. Pool & Yu 2021 ("Channel Permutations for N:M
Sparsity", NVIDIA/apex ``contrib/sparsity``) look for an order that keeps more of the sum of magnitudes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .channels import ChannelGroup, Ends, channel_groups
from .errors import MaskError
from .patterns import NByM
from .structures.n_by_m import fits_groups

_SWEEPS = 8
_WORK = 2**23  # rows looked at, times the square of the columns
_ENOUGH = 1e-4  # of all magnitudes: a sweep that gains less is the last
_LARGEST = 4  # M up to which the inputs of two groups are dealt out in every way; beyond it they change places in pairs
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Gain:
    """Sums of magnitudes that N:M keeps, over the tensors whose inputs were reordered: as they were, and now."""

    before: float
    after: float


@torch.no_grad()
def permute(model: nn.Module, pattern: NByM, images: Tensor) -> Gain:
    """Reorder channels in place; a group of which the search finds nothing better stays as it is.

    ``images`` (n, c, h, w) are what the model is traced with and compared on. Raises :class:`MaskError` if its logits
    moved by more than rounding, and :class:`UsageError` where no channels are known.
    """
    expected = _logits(model, images)
    before = after = 0.0
    for group in channel_groups(model, tuple(images.shape[1:])):
        matrix = _read_by_groups(model, group, pattern.m)
        if matrix is None or not _is_regular(group):
            continue
        order = best_order(matrix, pattern)
        before += retained(matrix, pattern)
        after += retained(matrix[:, order], pattern)
        _reorder(model, group, order)
    apart = float((_logits(model, images) - expected).abs().max() / expected.abs().max().clamp_min(1e-12))
    if not apart <= _TOLERANCE:
        raise MaskError(f"Reordering the channels of {type(model).__name__} moved its logits by {apart:.1e}.")
    return Gain(before, after)


def retained(matrix: Float[Tensor, "rows columns"], pattern: NByM) -> float:
    """The sum of the ``n`` largest of each ``m`` consecutive columns (values not negative).

    >>> retained(torch.tensor([[3.0, 2.0, 1.0, 0.0]]), NByM(2, 4))
    5.0
    """
    groups = matrix.double().reshape(len(matrix), -1, pattern.m)
    return float(groups.topk(pattern.n, dim=-1).values.sum())


def best_order(matrix: Float[Tensor, "rows columns"], pattern: NByM) -> Int[Tensor, " columns"]:
    """An order of the columns that retains at least as much as the given one.

    Any two groups of columns are dealt out anew in the best way, in sweeps over all pairs of groups until nothing
    gains: for two groups that is the best order there is, for more a local optimum. Of large matrices some rows are
    looked at, at least 128, and the order is taken only if it gains on all of them.
    """
    columns = matrix.shape[1]
    identity = torch.arange(columns)
    rows = max(128, _WORK // columns**2)
    looked_at = matrix[:: max(1, len(matrix) // rows)].float().cpu().T.contiguous()
    stripes = identity.reshape(-1, pattern.m)
    for _ in range(_SWEEPS):
        gained = 0.0
        for pairs in _rounds(len(stripes)):
            stripes, gain = _dealt_anew(looked_at, stripes, pairs, pattern)
            gained += gain
        if gained <= _ENOUGH * float(looked_at.sum()):
            break
    order = stripes.reshape(-1)
    return order if retained(matrix[:, order], pattern) > retained(matrix, pattern) else identity


def _rounds(count: int) -> list[Tensor]:
    """All pairs of ``count`` groups, in rounds in which none meets twice (a round-robin tournament)."""
    players = [*range(count), *([-1] if count % 2 else [])]
    rounds = []
    for _ in range(len(players) - 1):
        half = len(players) // 2
        pairs = [pair for pair in zip(players[:half], reversed(players[half:]), strict=True) if -1 not in pair]
        rounds.append(torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2))
        players = [players[0], players[-1], *players[1:-1]]
    return rounds


def _dealt_anew(matrix: Tensor, stripes: Tensor, pairs: Tensor, pattern: NByM) -> tuple[Tensor, float]:
    """Each pair of groups with its columns dealt out in the best way; how much more is retained.

    ``matrix``: (columns, rows).
    """
    m = pattern.m
    first = _ways(m)
    second = torch.stack([_others(way, 2 * m) for way in first])
    columns = stripes[pairs].reshape(len(pairs), 2 * m)
    values = matrix[columns.T]  # (2m, pairs, rows)
    kept = torch.stack(
        [
            sum_of_largest(values[one], pattern.n) + sum_of_largest(values[other], pattern.n)
            for one, other in zip(first, second, strict=True)
        ],
        dim=1,
    )
    best = kept.argmax(dim=1)  # the first way leaves all as it is, and is the first of equals
    dealt = torch.cat([first[best], second[best]], dim=1)
    changed = stripes.clone()
    changed[pairs] = columns.gather(1, dealt).reshape(len(pairs), 2, m)
    return changed, float((kept.gather(1, best[:, None])[:, 0] - kept[:, 0]).sum())


def sum_of_largest(values: Float[Tensor, "m pairs rows"], n: int) -> Float[Tensor, " pairs"]:
    """The ``n`` largest of each m, summed over rows too: by exchanges, which for so few are faster than a selection."""
    left, total = list(values), torch.zeros_like(values[0])
    for _ in range(n):
        for index in range(len(left) - 1):
            smaller, larger = torch.minimum(*left[index : index + 2]), torch.maximum(*left[index : index + 2])
            left[index : index + 2] = smaller, larger
        total = total + left.pop()
    return total.sum(dim=-1)


def _ways(m: int) -> Tensor:
    """First halves of 2m columns: all of them up to M = 4 (one that holds column 0), else one swap at most."""
    if m <= _LARGEST:
        return torch.tensor([(0, *rest) for rest in combinations(range(1, 2 * m), m - 1)])
    swapped = [[*range(gone), *range(gone + 1, m), come] for gone in range(m) for come in range(m, 2 * m)]
    return torch.tensor([[*range(m)], *swapped])


def _others(way: Tensor, count: int) -> Tensor:
    left = torch.ones(count, dtype=torch.bool)
    left[way] = False
    return left.nonzero().flatten()


def _read_by_groups(model: nn.Module, group: ChannelGroup, m: int) -> Tensor | None:
    """Magnitudes (rows, channels) of the tensors that read the whole group by one input for each channel."""
    found = []
    for end in group.reads:
        weight = model.get_parameter(f"{end.module}.weight")
        if weight.shape[1] == group.size == len(end.indices) and fits_groups(tuple(weight.shape), m):
            by_channel = end.indices[end.channels.argsort()]
            found.append(weight.abs().movedim(1, -1).reshape(-1, group.size)[:, by_channel])
    return torch.cat(found) if found else None


def _is_regular(group: ChannelGroup) -> bool:
    """Whether every channel has as many outputs or inputs as any other at each end, so that they can change places."""
    return all(
        bool((torch.bincount(end.channels, minlength=group.size) == len(end.channels) // group.size).all())
        for end in _ends(group)
    )


def _reorder(model: nn.Module, group: ChannelGroup, order: Tensor) -> None:
    for end in (*group.writes, *group.norms):
        for name, value in model.get_submodule(end.module).state_dict(keep_vars=True).items():
            if name != "num_batches_tracked":
                value.copy_(value[_places(end, order, value.shape[0]).to(value.device)])
    for end in group.reads:
        weight = model.get_parameter(f"{end.module}.weight")
        weight.copy_(weight[:, _places(end, order, weight.shape[1]).to(weight.device)])


def _places(end: Ends, order: Tensor, size: int) -> Tensor:
    """Which old output or input stands at each place once the group's channels are in ``order``."""
    by_channel = end.indices[end.channels.argsort(stable=True)].reshape(len(order), -1)
    places = torch.arange(size)
    places[by_channel.flatten()] = by_channel[order].flatten()
    return places


def _ends(group: ChannelGroup) -> Sequence[Ends]:
    return (*group.writes, *group.norms, *group.reads)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    training = model.training
    logits: Tensor = model.eval()(images)
    model.train(training)
    return logits
