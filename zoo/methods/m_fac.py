"""M-FAC: products with the inverse Fisher from the gradients alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..pruner import Pruner
from ..second_order.accumulate import Stream, accumulate
from ..second_order.blocks import BlockLayout
from ..second_order.kept_weights import NAME, KeptWeights
from ..second_order.matrix_free import GradientRows, MatrixFreeInverse
from ..second_order.memory import check_memory
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._curvature import CurvatureConfig, CurvatureMethod, set_weights

_WINDOW, _SEEN = "m-fac.window.", "m-fac.seen"


@dataclass(frozen=True)
class MFACConfig(CurvatureConfig):
    """Defaults of the authors' program (IST-DASLab/M-FAC @8116367 ``main_prun.py``), and a few mask changes early in
    the run as in the example of its README.

    ``algorithm``: "static" measures ``gradients`` gradients of calibration data for each of the ``recomputations`` of a
    mask change; "dynamic" takes the last ``gradients`` of the training itself, which cost nothing but the memory for
    them, and in which ``samples_per_gradient`` is the batch size.
    ``block_size``: consecutive kept weights, over all tensors, that share a block; None for one block of all.
    """

    end: float = 0.4
    updates: int = 2
    gradients: int = 64
    samples_per_gradient: int = 32
    damping: float = 1e-5
    recomputations: int = 16
    algorithm: str = "static"
    block_size: int | None = 128

    at_least_one: ClassVar[tuple[str, ...]] = (*CurvatureConfig.at_least_one, "block_size")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.algorithm not in ("static", "dynamic"):
            raise UsageError(f"algorithm is static or dynamic, got {self.algorithm!r}.")


@METHODS.register("m-fac")
class MFAC(CurvatureMethod):
    """Score w²/(2[F⁻¹]_qq) in one ranking over all layers; every weight that leaves is made up for by itself, by one
    product with F⁻¹. Blocks are of the weights that are left, so that each holds more of a layer as pruning goes on."""

    facts = MethodFacts(
        title="M-FAC",
        family="second-order",
        paper="M-FAC: Efficient Matrix-Free Approximations of Second-Order Information (arXiv 2107.03356)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = MFACConfig
    short_runs = MappingProxyType(
        {
            "dynamic": {"algorithm": "dynamic", "gradients": 5, "recomputations": 2},
            "whole": {"block_size": None, "samples_per_gradient": 2, "recomputations": 2},
        }
    )

    def after_backward(self, pruner: Pruner) -> bool:
        """Keep the gradients of the last batches, where they are what is measured."""
        config: MFACConfig = self.config
        if config.algorithm == "dynamic" and pruner.step <= config.schedule(pruner.target, pruner.total_steps).end:
            self._remember(pruner, config.gradients)
        return False

    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Measure, choose, move."""
        config: MFACConfig = self.config
        kept = KeptWeights(pruner.masks)
        inverse, layout = self._measured(pruner, kept)
        weights = layout.gather({NAME: kept.gather(pruner.prunable)})
        scores = layout.scatter(weights.double().square() / (2 * inverse.diagonal))[NAME]
        masks = config.masks(kept.scatter(scores), sparsity, pruner.masks, pruner.structure)
        leaving = layout.gather({NAME: ~kept.gather(masks)})
        moved = weights - inverse.product(weights / inverse.diagonal * leaving)
        set_weights(pruner, kept.scatter(layout.scatter(moved.masked_fill(leaving, 0.0))[NAME]))
        pruner.set_masks(masks)

    def _measured(self, pruner: Pruner, kept: KeptWeights) -> tuple[MatrixFreeInverse, BlockLayout]:
        config: MFACConfig = self.config
        layout = kept.layout(config.block_size or kept.count)
        device = next(iter(pruner.prunable.values())).device
        check_memory(
            4 * config.gradients * kept.count,
            device,
            f"{config.gradients} gradients of {kept.count:,} weights",
            "Use fewer gradients, or block-fisher, which stores none.",
        )
        rows = GradientRows(layout, config.gradients, device)
        stream = self.gradients(pruner) if config.algorithm == "static" else _window(pruner)
        slots = self.slots(pruner) if config.algorithm == "static" else None
        accumulate(rows, kept.stream(stream), None if slots is None else slots("gradients"))
        return MatrixFreeInverse(rows.rows[:, : rows.count], config.damping), layout

    @torch.no_grad()
    def _remember(self, pruner: Pruner, most: int) -> None:
        seen = int(pruner.memory.setdefault(_SEEN, torch.zeros((), dtype=torch.int64)))
        for name, weight in pruner.prunable.items():
            window = pruner.memory.setdefault(_WINDOW + name, weight.new_zeros(0, *weight.shape))
            gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
            if len(window) < most:
                pruner.memory[_WINDOW + name] = torch.cat([window, gradient[None]])
            else:
                window[seen % most] = gradient
        pruner.memory[_SEEN] += 1


def _window(pruner: Pruner) -> Stream:
    """The remembered gradients; those of weights that left since are of no use and left out by whoever reads."""

    def stream(skip: int) -> Iterator[dict[str, Tensor]]:
        seen = int(pruner.memory.get(_SEEN, torch.zeros(())))
        if seen:
            yield {name: pruner.memory[_WINDOW + name][skip:seen] for name in pruner.prunable}

    return stream
