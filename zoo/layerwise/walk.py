"""From layer to layer: which one is pruned next, and on what inputs.

* ``parallel``: every layer on the inputs that it has in the dense network, from one pass over the calibration data
  (or as few as the memory allows). Optimal Brain Compression: IST-DASLab/OBC @9b7979b ``main_trueobs.py``.
* ``sequential``: in the order of the forward pass, each layer on the inputs that the layers pruned before it leave it,
  one pass for each layer that ends behind it. SparseGPT and Wanda go on so from one transformer block to the next; here
  the step is a layer, because convolutional networks have no blocks of one kind.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.errors import UsageError
from ..core.progress import track
from .layers import Layer, layers_of
from .moments import InputMoments
from .passes import Batches, add_moments, calls_in_order, first_images

ORDERS = ("parallel", "sequential")
ACCUMULATORS = {"float32": torch.float32, "float64": torch.float64}
MOMENT_BYTES = 4 * 2**30  # sums held at a time in the parallel order

Pruned = tuple[Tensor, Tensor]  # a weight and its mask (True = kept), in the weight's own shape
Solve = Callable[[Layer, InputMoments], Pruned]


@dataclass(frozen=True)
class WalkConfig:
    """The part of a configuration that says what the layers are shown.

    ``samples``: calibration images, or as many as there are; ``order``: one of :data:`ORDERS`; ``accumulator``: the
    number format of the sums.
    """

    samples: int = 1024
    order: str = "sequential"
    accumulator: str = "float64"

    def __post_init__(self) -> None:
        if self.samples < 1 or self.order not in ORDERS or self.accumulator not in ACCUMULATORS:
            raise UsageError(
                f"samples must be at least 1, order one of {', '.join(ORDERS)}, accumulator one of "
                f"{', '.join(ACCUMULATORS)}; got {self.samples}, {self.order!r} and {self.accumulator!r}."
            )


def prune_layers(
    model: nn.Module,
    prunable: dict[str, nn.Parameter],
    calibration: Callable[[], Batches],
    config: WalkConfig,
    solve: Solve,
    *,
    diagonal: bool = False,
) -> dict[str, Tensor]:
    """Replace every prunable weight by what ``solve(layer, moments)`` gives; returns the masks (True = kept).

    With ``diagonal`` the moments are Σ x² alone. Biases, norms and their statistics are not touched.
    """
    masks: dict[str, Tensor] = {}
    pruned: dict[str, Tensor] = {}
    with torch.no_grad():
        for layer, moments in shown_layers(model, prunable, calibration, config, diagonal=diagonal):
            weight, masks[layer.name] = solve(layer, moments)
            if config.order == "sequential":
                prunable[layer.name].copy_(weight)
            else:
                pruned[layer.name] = weight
        for name, weight in pruned.items():  # only now: all layers were to see the dense network
            prunable[name].copy_(weight)
    return {name: masks[name] for name in prunable}


def shown_layers(
    model: nn.Module,
    prunable: dict[str, nn.Parameter],
    calibration: Callable[[], Batches],
    config: WalkConfig,
    *,
    diagonal: bool = False,
) -> Iterator[tuple[Layer, InputMoments]]:
    """The layers in the order of the forward pass, each with the moments of what it is given at that time."""
    layers = layers_of(model, prunable)
    calls = calls_in_order(model, layers, next(first_images(calibration(), config.samples))[:1])
    order = [layers[name] for name in calls]
    dtype = ACCUMULATORS[config.accumulator]
    for together in track(list(_passes(order, config, diagonal)), "Pruning layers"):
        moments = {
            layer.name: InputMoments(layer, diagonal=diagonal, dtype=dtype, device=prunable[layer.name].device)
            for layer in together
        }
        add_moments(model, moments, first_images(calibration(), config.samples), calls)
        for layer in together:
            yield layer, moments.pop(layer.name)


def _passes(order: Sequence[Layer], config: WalkConfig, diagonal: bool) -> Iterator[list[Layer]]:
    """The layers that share one pass over the data."""
    together: list[Layer] = []
    held = 0
    for layer in order:
        sums = layer.groups * layer.columns * (1 if diagonal else layer.columns)
        size = sums * ACCUMULATORS[config.accumulator].itemsize
        if together and (config.order == "sequential" or held + size > MOMENT_BYTES):
            yield together
            together, held = [], 0
        together.append(layer)
        held += size
    if together:
        yield together
