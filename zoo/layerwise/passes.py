"""Passes over the calibration data that sum up what layers are given."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CalibrationError, LayerInputError
from ..second_order.gradients import evaluating
from .layers import Layer
from .moments import InputMoments

Batches = Iterable[tuple[Tensor, Tensor]]


class _SeenEnough(Exception):  # noqa: N818 - no error: it ends a forward pass whose rest nobody looks at
    pass


def first_images(batches: Batches, samples: int) -> Iterator[Tensor]:
    """The images of ``batches`` until there are ``samples`` of them; raises :class:`CalibrationError` without any."""
    left = samples
    for images, _ in batches:
        yield images[:left]
        left -= len(images)
        if left <= 0:
            return
    if left == samples:
        raise CalibrationError(
            "The calibration data are empty: no image to show to the layers.", "Give more images: --calibration DATA"
        )


@torch.no_grad()
def calls_in_order(model: nn.Module, layers: Mapping[str, Layer], images: Tensor) -> dict[str, int]:
    """How often the network calls each layer for some images; the layers in the order of their first call.

    Raises :class:`LayerInputError` for a layer that it never calls.
    """
    calls: Counter[str] = Counter()
    with evaluating(model), _watching(layers, lambda name, _module, _given: calls.update([name])):
        model(images)
    if missing := [name for name in layers if name not in calls]:
        raise LayerInputError(
            f"The network computes its output without calling the layer of {', '.join(missing)}.",
            "Layer-wise methods need a forward pass that runs every prunable layer.",
        )
    return dict(calls)


@torch.no_grad()
def add_moments(
    model: nn.Module,
    moments: Mapping[str, InputMoments],
    batches: Iterable[Tensor],
    calls: Mapping[str, int],
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Add what the layers of ``moments`` are given for every batch, in evaluation mode.

    ``calls`` is from :func:`calls_in_order`: a pass ends behind the last layer that is looked at.
    """
    wanted = {name: moment.layer for name, moment in moments.items()}
    for images in batches:
        left = Counter({name: calls[name] for name in wanted})
        with evaluating(model), _watching(wanted, _adding(moments, left, len(images))), suppress(_SeenEnough):
            model(images)
        after_batch()


def _adding(
    moments: Mapping[str, InputMoments], left: "Counter[str]", samples: int
) -> Callable[[str, nn.Module, Tensor], None]:
    seen: set[str] = set()

    def add(name: str, module: nn.Module, given: Tensor) -> None:
        moments[name].add(module, given, samples if name not in seen else 0)
        seen.add(name)
        left[name] -= 1
        if not +left:
            raise _SeenEnough

    return add


@contextmanager
def _watching(layers: Mapping[str, Layer], look: Callable[[str, nn.Module, Tensor], None]) -> Iterator[None]:
    """Inside the block ``look(name, module, input)`` is called before each call of a layer."""
    with ExitStack() as stack:
        for name, layer in layers.items():

            def hook(module: nn.Module, args: tuple[Any, ...], name: str = name) -> None:
                look(name, module, args[0].detach())

            for module in layer.modules:
                stack.callback(module.register_forward_pre_hook(hook).remove)
        yield
