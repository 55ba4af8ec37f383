"""Wanda: a weight is worth its size times the size of what it is multiplied by, compared within one output."""

from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..core.errors import UsageError
from ..layerwise import InputMoments, Layer, WalkConfig, prune_layers, refit
from ..layerwise.inverse import curvature
from ..masks import keep_top, keep_top_rows
from ..patterns import NByM, Unstructured
from ..pruner import Pruner
from ..second_order.samples import calibration_source
from ..selection import LayerwiseConfig
from ..structures.n_by_m import NByMStructure, best_of_groups
from . import METHODS, MaskBehaviour, Method, MethodFacts

COMPARED = ("row", "layer")


@dataclass(frozen=True)
class WandaConfig(WalkConfig, LayerwiseConfig):
    """What a weight is compared with.

    ``compared``: "row", the weights of its output (each output keeps as many, to one weight), or "layer". ``refit``:
    fit the weights that are left by least squares, with ``damping`` of the mean of H's diagonal; the paper changes no
    weight.
    """

    allocation: str = "uniform"
    compared: str = "row"
    refit: bool = False
    damping: float = 0.01

    def __post_init__(self) -> None:
        LayerwiseConfig.__post_init__(self)
        WalkConfig.__post_init__(self)
        if self.compared not in COMPARED or not 0 <= self.damping < float("inf"):
            raise UsageError(
                f"compared is one of {', '.join(COMPARED)}, damping at least 0; "
                f"got {self.compared!r} and {self.damping}."
            )


@METHODS.register("wanda")
class Wanda(Method):
    """Sun et al. 2023: score |w| · ‖x‖₂, which is the Surgeon's with a diagonal H; on convolutions too."""

    facts = MethodFacts(
        title="Wanda",
        family="magnitude",
        paper="A Simple and Effective Pruning Approach for Large Language Models (arXiv 2306.11695)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        needs_labels=False,
        patterns=(Unstructured.kind, NByM.kind),
    )
    config_type = WandaConfig
    short_runs = MappingProxyType({"layer-refit": {"compared": "layer", "refit": True}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune once."""
        config: WandaConfig = self.config
        pattern, structure = pruner.pattern, pruner.structure
        grouped = structure.grouped(config.dense(pruner.shapes)) if isinstance(structure, NByMStructure) else None
        counts = config.counts(pruner.shapes, pruner.target) if grouped is None else {}
        keep = keep_top_rows if config.compared == "row" else keep_top

        def solve(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
            if grouped is not None and layer.name not in grouped:
                return pruner.prunable[layer.name].detach().clone(), pruner.masks[layer.name]
            weight = layer.matrix(pruner.prunable[layer.name])
            scores = weight.abs().double() * moments.norms()[:, None]
            if isinstance(pattern, NByM):
                kept = layer.matrix(best_of_groups(layer.tensor(scores), pattern))
            else:
                kept = keep(scores, counts[layer.name])
            values = weight.masked_fill(~kept, 0.0)
            if config.refit:
                curved = curvature(layer, moments.hessian(), config.damping)
                values = refit(weight, kept, curved, curved.inverse()).to(weight.dtype)
            return layer.tensor(values), layer.tensor(kept)

        masks = prune_layers(
            pruner.model,
            pruner.prunable,
            calibration_source(pruner.calibration),
            config,
            solve,
            diagonal=not config.refit,
        )
        pruner.set_masks(masks)
