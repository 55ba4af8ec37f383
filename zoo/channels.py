"""Channels that can be cut out of a network: what writes each of them, and what reads it.

Torch-Pruning (VainF/Torch-Pruning, arXiv 2301.12900) traces a network and says which layers are coupled: the outputs
of a residual stage, the filters of a depthwise convolution with those before it, the inputs of all that reads them.
Its groups are taken only where they are proven on the network itself: with random weights everywhere, no output moves
with what writes a channel once all that reads it is zero. So a layer norm across channels, attention, or a shortcut
that Torch-Pruning misunderstands leaves its channels whole; so does a classifier, whose outputs are read by people.

That is also why what reads a removed channel is zeroed with what writes it: a zero filter alone still gives relu(beta)
after its batch norm.
"""

import copy
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch_pruning
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from .core.errors import UsageError

_TOLERANCE = 1e-6
"""Of the largest gradient of a group: what those of silent channels may be. None at all, but for rounding."""


@dataclass(frozen=True, eq=False)
class Ends:
    """Outputs or inputs of one module by index, and the channel of its group that each belongs to."""

    module: str
    indices: Tensor
    channels: Tensor

    def of(self, channels: Tensor) -> Tensor:
        """The outputs or inputs that belong to ``channels``."""
        return self.indices[torch.isin(self.channels, channels)]


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """``size`` channels that are outputs of the module ``root``: what writes and reads them, and their batch norms."""

    root: str
    size: int
    writes: tuple[Ends, ...]
    reads: tuple[Ends, ...]
    norms: tuple[Ends, ...]


def channel_groups(model: nn.Module, image_shape: tuple[int, ...]) -> tuple[ChannelGroup, ...]:
    """The groups of channels that can be cut out, in the order of the modules; the model is left as it is.

    ``image_shape``: (channels, height, width). Raises :class:`UsageError` where Torch-Pruning cannot trace the model or
    nothing is proven.
    """
    trial = copy.deepcopy(model).cpu().float().eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _randomise(trial)
        images = torch.randn(1, *image_shape)
        proven = _proven(trial, list(_traced(trial, images)), images)
    if not proven:
        raise UsageError(f"No channel of {type(model).__name__} can be cut out.", "Other patterns: 2:4, block:1x4.")
    order = {name: index for index, (name, _) in enumerate(model.named_modules())}
    return tuple(sorted(proven, key=lambda group: order[group.root]))


def dependency_graph(model: nn.Module, images: Tensor) -> torch_pruning.DependencyGraph:
    """Torch-Pruning's view of the model; raises :class:`UsageError` where it has none."""
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")  # it warns of parameters outside of layers, and such groups are not taken
        try:
            return torch_pruning.DependencyGraph().build_dependency(model, images, verbose=False)
        except Exception as error:  # whatever a tracer stumbles on
            raise UsageError(
                f"Torch-Pruning cannot trace {type(model).__name__} ({type(error).__name__}: {error!s:.200}).",
                "Other patterns: 2:4, block:1x4.",
            ) from error


def _traced(model: nn.Module, images: Tensor) -> Iterator[ChannelGroup]:
    """The groups that consist of layers that :mod:`zoo.narrowing` can cut."""
    graph = dependency_graph(model, images)
    names = {module: name for name, module in model.named_modules()}
    for group in graph.get_all_groups(root_module_types=[nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear]):
        writes, reads, norms = list[Ends](), list[Ends](), list[Ends]()
        cuttable = True
        for item in group:
            module = item.dep.target.module
            ends = Ends(names.get(module, ""), torch.tensor(item.idxs), torch.tensor(item.root_idxs))
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                norms.append(ends)
            elif isinstance(module, _ConvNd | nn.Linear):
                depthwise = isinstance(module, _ConvNd) and module.groups > 1
                cuttable &= not depthwise or module.groups == module.in_channels == module.out_channels
                is_output = depthwise or graph.is_out_channel_pruning_fn(item.dep.handler)
                (writes if is_output else reads).append(ends)
            else:
                cuttable &= module not in names and not isinstance(module, nn.Parameter)
        size = len(group[0].idxs)
        if cuttable and size > 1 and reads:
            yield ChannelGroup(names[group[0].dep.target.module], size, tuple(writes), tuple(reads), tuple(norms))


def _proven(model: nn.Module, groups: Sequence[ChannelGroup], images: Tensor) -> list[ChannelGroup]:
    """The groups of which half of the channels fell silent when nothing read them; a backward pass tells of all."""
    silent = [torch.randperm(group.size)[: group.size // 2] for group in groups]
    with torch.no_grad():
        for group, channels in zip(groups, silent, strict=True):
            for end in group.reads:
                model.get_parameter(f"{end.module}.weight")[:, end.of(channels)] = 0.0
    with torch.enable_grad():
        logits: Tensor = model(images)
        torch.autograd.backward((logits * torch.randn_like(logits)).sum())
    return [group for group, channels in zip(groups, silent, strict=True) if _is_silent(model, group, channels)]


def _is_silent(model: nn.Module, group: ChannelGroup, channels: Tensor) -> bool:
    """Whether no output moves with what writes ``channels``, though some do with the group's other channels."""
    other = torch.ones(group.size, dtype=torch.bool)
    other[channels] = False
    moved, loud = 0.0, 0.0
    for end in (*group.writes, *group.norms):
        for parameter in model.get_submodule(end.module).parameters(recurse=False):
            if parameter.grad is not None:
                size = parameter.grad.flatten(1).abs().amax(dim=1) if parameter.ndim > 1 else parameter.grad.abs()
                moved = max(moved, float(size[end.of(channels)].max()))
                loud = max(loud, float(size[end.of(other.nonzero().flatten())].max()))
    return moved <= _TOLERANCE * loud and loud > 0.0


@torch.no_grad()
def _randomise(model: nn.Module) -> None:
    """No weight is zero, and what goes through stays of moderate size."""
    for name, value in model.state_dict(keep_vars=True).items():
        if value.ndim > 1:
            value.normal_().div_(value[0].numel() ** 0.5)
        elif value.is_floating_point():
            value.uniform_(0.5, 1.5) if name.endswith(("weight", "var")) else value.normal_(std=0.1)
