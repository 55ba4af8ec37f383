"""Channels as a whole: of a removed one, the filters that write it and the inputs that read it are zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from ..allocation import Shapes, count_for
from ..channels import ChannelGroup, Ends, channel_groups
from ..errors import MaskError
from ..masks import Masks
from ..patterns import Channel
from ._structure import Quota


@dataclass(frozen=True)
class ChannelStructure:
    """See :class:`~zoo.structures.Structure`; units are the coupled channels of :mod:`zoo.channels`.

    Channels are ordered, and the first ones stay: as many as are needed to keep no fewer weights than the sparsity asks
    for. One ranking over all tensors orders them by score. Where each tensor has its count, a group's channels stay in
    proportion to the densities of the tensors that write them, the highest scores of each group first. The best channel
    of a group always stays, and a group that touches a tensor which is to stay dense is whole.
    """

    shapes: Shapes
    pattern: Channel
    groups: tuple[ChannelGroup, ...]

    def masks(
        self, scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
    ) -> Masks:
        """The channels with the highest aggregated scores."""
        dense = quota.dense(self.shapes)
        free = [group for group in self.groups if not {f"{end.module}.weight" for end in _ends(group)} & set(dense)]
        units = {group.root: self.scores(group, scores) for group in free}
        ranked = quota.ranked(units)
        if ranked is None:
            counts = quota.counts(self.shapes, sparsity)
            keys = [_shares(units[group.root], self._density(group, counts)) for group in free]
        else:
            keys = [ranked[group.root].double() for group in free]
        alive = [
            torch.ones(group.size, dtype=torch.bool) if within is None else living(group, within) for group in free
        ]
        kept = self._first(free, keys, alive, count_for(sparsity, self._count([], [])))
        return self._spread(free, kept, {name: score.device for name, score in scores.items()})

    def misfit(self, masks: Mapping[str, Tensor], sparsity: float) -> str | None:
        """A channel in pieces, or another number of weights."""
        alive = [living(group, masks) for group in self.groups]
        whole = self._spread(self.groups, alive, {name: mask.device for name, mask in masks.items()})
        for name, mask in masks.items():
            if not torch.equal(mask, whole[name]):
                return f"not whole channels in {name}"
        kept, wanted = self._count(self.groups, alive), count_for(sparsity, self._count([], []))
        if not wanted <= kept <= wanted + self._largest():
            return f"not the {wanted} of sparsity {sparsity}, or fewer than a channel more"
        return None

    def scores(self, group: ChannelGroup, scores: Mapping[str, Tensor]) -> Tensor:
        """One float64 score for each channel of a group, on the CPU."""
        squared = self.pattern.aggregate == "l2"
        total, weights = torch.zeros(group.size, dtype=torch.float64), torch.zeros(group.size, dtype=torch.float64)
        for ends, axis in ((group.writes, 0), (group.reads, 1)):
            for end in ends:
                score = scores[f"{end.module}.weight"].detach().double()
                lines = (score.square() if squared else score).movedim(axis, 0).flatten(1)
                total.index_add_(0, end.channels, lines.sum(dim=1).cpu()[end.indices])
                weights.index_add_(0, end.channels, torch.full((len(end.indices),), float(lines.shape[1])).double())
        return {"sum": total, "mean": total / weights, "l2": total.clamp_min(0.0).sqrt()}[self.pattern.aggregate]

    def _density(self, group: ChannelGroup, counts: Mapping[str, int]) -> float:
        names = [f"{end.module}.weight" for end in group.writes]
        return sum(counts[name] for name in names) / sum(prod(self.shapes[name]) for name in names)

    def _first(
        self, groups: Sequence[ChannelGroup], keys: Sequence[Tensor], alive: Sequence[Tensor], wanted: int
    ) -> list[Tensor]:
        """The fewest channels with the highest keys that keep ``wanted`` weights, by bisection."""
        order = torch.cat([_with_the_best_first(key, here) for key, here in zip(keys, alive, strict=True)])
        places = order.sort(descending=True, stable=True).indices.argsort()
        parts = torch.split(places, [group.size for group in groups])
        low, high = len(groups), int(sum(here.sum() for here in alive))

        def kept(count: int) -> list[Tensor]:
            return [(part < count) for part in parts]

        least, most = self._count(groups, kept(low)), self._count(groups, kept(high))
        if not least <= wanted <= most:
            raise MaskError(
                f"Whole channels keep {least} to {most} weights here, one channel of each kind at least; "
                f"asked for {wanted}."
            )
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._count(groups, kept(middle)) >= wanted else (middle + 1, high)
        return kept(low)

    def _lines(self, groups: Sequence[ChannelGroup], alive: Sequence[Tensor]) -> dict[str, tuple[Tensor, ...]]:
        """Which outputs and inputs of each tensor are left."""
        lines = {
            name: tuple(torch.ones(size, dtype=torch.bool) for size in shape[:2]) for name, shape in self.shapes.items()
        }
        for group, here in zip(groups, alive, strict=True):
            for axis, ends in enumerate((group.writes, group.reads)):
                for end in ends:
                    lines[f"{end.module}.weight"][axis][end.indices] = here[end.channels]
        return lines

    def _count(self, groups: Sequence[ChannelGroup], alive: Sequence[Tensor]) -> int:
        return sum(
            int(outputs.sum()) * int(inputs.sum()) * prod(self.shapes[name][2:])
            for name, (outputs, inputs) in self._lines(groups, alive).items()
        )

    def _spread(
        self, groups: Sequence[ChannelGroup], alive: Sequence[Tensor], devices: Mapping[str, torch.device]
    ) -> Masks:
        masks = {}
        for name, (outputs, inputs) in self._lines(groups, alive).items():
            kept = outputs[:, None] & inputs
            kernel = self.shapes[name][2:]
            masks[name] = (
                kept.reshape(*kept.shape, *(1 for _ in kernel)).expand(self.shapes[name]).clone().to(devices[name])
            )
        return masks

    def _largest(self) -> int:
        """The most weights that one channel takes."""
        return max(
            sum(
                prod(self.shapes[f"{end.module}.weight"])
                // self.shapes[f"{end.module}.weight"][axis]
                * int(torch.bincount(end.channels).max())
                for axis, ends in enumerate((group.writes, group.reads))
                for end in ends
            )
            for group in self.groups
        )


def channel_structure(
    model: nn.Module, shapes: Shapes, pattern: Channel, image_shape: tuple[int, ...]
) -> ChannelStructure:
    """The coupled channels of a network; raises :class:`UsageError` where none can be cut out."""
    return ChannelStructure(shapes, pattern, channel_groups(model, image_shape))


def living(group: ChannelGroup, masks: Mapping[str, Tensor]) -> Tensor:
    """Which channels of a group are written by any weight (bool, on the CPU)."""
    alive = torch.zeros(group.size, dtype=torch.int64)
    for end in group.writes:
        written = masks[f"{end.module}.weight"].flatten(1).any(dim=1).cpu()
        alive.index_add_(0, end.channels, written[end.indices].long())
    return alive > 0


def _ends(group: ChannelGroup) -> tuple[Ends, ...]:
    return (*group.writes, *group.reads)


def _shares(scores: Tensor, density: float) -> Tensor:
    """Keys by which the highest scores of groups with these densities stay in proportion to them."""
    rank = scores.sort(descending=True, stable=True).indices.argsort() + 1
    return -rank.double() / (len(scores) * max(density, 1e-12))


def _with_the_best_first(keys: Tensor, alive: Tensor) -> Tensor:
    """Keys of which the dead ones come last and the best one first."""
    left = keys.masked_fill(~alive, -torch.inf)
    best = torch.zeros_like(alive)
    best[int(left.argmax())] = True
    return left.masked_fill(best, torch.inf)
