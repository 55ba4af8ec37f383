"""SparseGPT: each layer in one sweep over its columns, what is left making up for what leaves."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..layerwise import InputMoments, Layer, WalkConfig, prune_layers, refit
from ..layerwise.inverse import curvature
from ..layerwise.sweep import Choose, sweep
from ..masks import keep_top
from ..patterns import NByM, Unstructured
from ..pruner import Pruner
from ..second_order.samples import calibration_source
from ..selection import LayerwiseConfig
from ..structures.n_by_m import NByMStructure, best_of_groups
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class SparseGPTConfig(WalkConfig, LayerwiseConfig):
    """How a layer is swept.

    ``block``: columns whose mask is chosen at once and within which errors are passed on at once. ``damping``: added to
    the diagonal of H, as a fraction of its mean. ``refit``: fit the weights that are left once more, all together, by
    least squares; the paper does not.
    """

    allocation: str = "uniform"
    block: int = 128
    damping: float = 0.01
    refit: bool = False

    def __post_init__(self) -> None:
        LayerwiseConfig.__post_init__(self)
        WalkConfig.__post_init__(self)
        if self.block < 1 or not 0 <= self.damping < float("inf"):
            raise UsageError(f"block must be at least 1 and damping at least 0, got {self.block} and {self.damping}.")


@METHODS.register("sparsegpt")
class SparseGPT(Method):
    """Frantar & Alistarh 2023, on convolutions too: a kernel's places are columns."""

    facts = MethodFacts(
        title="SparseGPT",
        family="second-order",
        paper="SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot (arXiv 2301.00774)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        needs_labels=False,
        patterns=(Unstructured.kind, NByM.kind),
    )
    config_type = SparseGPTConfig
    short_runs = MappingProxyType({"refit": {"refit": True, "block": 5}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune once."""
        config: SparseGPTConfig = self.config
        pattern, structure = pruner.pattern, pruner.structure
        grouped = structure.grouped(config.dense(pruner.shapes)) if isinstance(structure, NByMStructure) else None
        counts = config.counts(pruner.shapes, pruner.target) if grouped is None else {}

        def solve(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
            if grouped is not None and layer.name not in grouped:
                return pruner.prunable[layer.name].detach().clone(), pruner.masks[layer.name]
            if isinstance(pattern, NByM):
                # Where groups end masks are chosen, as the sweep comes to each; so they are the blocks.
                return swept(layer, moments, layer.channels_last(), _of_groups(pattern), pattern.m)
            choose = _of_blocks(counts[layer.name], layer.columns)
            return swept(layer, moments, torch.arange(layer.columns), choose, config.block)

        def swept(
            layer: Layer, moments: InputMoments, order: Tensor, choose: Choose, block: int
        ) -> tuple[Tensor, Tensor]:
            columns = order.to(moments.total.device)
            weight = layer.matrix(pruner.prunable[layer.name])[..., columns]
            curved = curvature(layer, moments.hessian()[:, columns][:, :, columns], config.damping)
            values, kept = sweep(weight, curved, choose, block)
            if config.refit:
                values = refit(weight, kept, curved, curved.inverse())
            back = columns.argsort()
            return layer.tensor(values.to(weight.dtype)[..., back]), layer.tensor(kept[..., back])

        masks = prune_layers(pruner.model, pruner.prunable, calibration_source(pruner.calibration), config, solve)
        pruner.set_masks(masks)


def _of_blocks(count: int, columns: int) -> Choose:
    """As many of each block as its share of the columns, whole weights handed on to the next."""

    def choose(scores: Tensor, start: int) -> Tensor:
        before, after = (round(count * column / columns) for column in (start, start + scores.shape[-1]))
        return keep_top(scores, after - before)

    return choose


def _of_groups(pattern: NByM) -> Choose:
    return lambda scores, _: best_of_groups(scores.flatten(0, 1), pattern).reshape(scores.shape)
