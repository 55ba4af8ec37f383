"""Cut removed channels out of a network: the same function, in fewer and smaller tensors."""

from collections.abc import Mapping

import torch
import torch_pruning
from torch import Tensor, nn

from .channels import ChannelGroup, dependency_graph
from .errors import MaskError
from .structures.channel import ChannelStructure, living

_TOLERANCE = 1e-4
"""Of the largest logit: sums over fewer terms are rounded otherwise."""


def shrink(model: nn.Module, structure: ChannelStructure, masks: Mapping[str, Tensor], images: Tensor) -> int:
    """Cut in place what ``masks`` remove; returns how many channels left, coupled ones counted once.

    What is left has its own shapes and no zeros of the masks. ``images`` (n, c, h, w) are what Torch-Pruning traces
    the model with and what the result is compared on. Raises :class:`MaskError` if the logits are not those of before.
    """
    before = _logits(model, images)
    graph = dependency_graph(model, images)
    count = 0
    for group in structure.groups:
        removed = (~living(group, masks)).nonzero().flatten().tolist()
        if removed:
            _cut(graph, model, group, removed)
            count += len(removed)
    after = _logits(model, images)
    apart = float((after - before).abs().max() / before.abs().max().clamp_min(1e-12))
    if not apart <= _TOLERANCE:
        raise MaskError(f"Cutting {count} channels out of {type(model).__name__} moved its logits by {apart:.1e}.")
    return count


def _cut(graph: torch_pruning.DependencyGraph, model: nn.Module, group: ChannelGroup, removed: list[int]) -> None:
    root = model.get_submodule(group.root)
    handler = graph.get_pruner_of_module(root).prune_out_channels
    graph.get_pruning_group(root, handler, removed).prune()


@torch.no_grad()
def _logits(model: nn.Module, images: Tensor) -> Tensor:
    training = model.training
    logits: Tensor = model.eval()(images)
    model.train(training)
    return logits
