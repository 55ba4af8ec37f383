"""SparseGPT: each layer in one sweep over its columns, what is left making up for what leaves."""

from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..core.errors import UsageError
from ..layerwise import InputMoments, Layer, WalkConfig, prune_layers, refit
from ..layerwise.inverse import curvature
from ..layerwise.sweep import sweep
from ..masks import keep_top
from ..pruner import Pruner
from ..second_order.samples import calibration_source
from ..selection import LayerwiseConfig
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
    )
    config_type = SparseGPTConfig
    short_runs = MappingProxyType({"refit": {"refit": True, "block": 5}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune once."""
        config: SparseGPTConfig = self.config
        counts = config.counts(pruner.shapes, pruner.target)

        def solve(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
            weight = layer.matrix(pruner.prunable[layer.name])
            curved = curvature(layer, moments.hessian(), config.damping)
            count = counts[layer.name]

            def choose(scores: Tensor, start: int) -> Tensor:
                """As many of each block as its share of the columns, whole weights handed on to the next."""
                ends = (round(count * column / layer.columns) for column in (start, start + scores.shape[-1]))
                before, after = ends
                return keep_top(scores, after - before)

            values, kept = sweep(weight, curved, choose, config.block)
            if config.refit:
                values = refit(weight, kept, curved, curved.inverse())
            return layer.tensor(values.to(weight.dtype)), layer.tensor(kept)

        masks = prune_layers(pruner.model, pruner.prunable, calibration_source(pruner.calibration), config, solve)
        pruner.set_masks(masks)
