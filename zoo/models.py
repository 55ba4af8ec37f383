"""Networks by name, from a model folder, and the features in front of their classifier."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .architectures import ARCHITECTURES
from .checkpoint.folder import ModelFolder, read_folder
from .checkpoint.weights import weight_shapes
from .core.errors import UsageError
from .holding import hold_zeros
from .narrowing import narrow


def build(architecture: str, num_classes: int, seed: int | None = None) -> nn.Module:
    """A freshly initialised network; with ``seed`` the same one every time, and torch's random state is left alone."""
    entry = ARCHITECTURES[architecture]
    if not isinstance(num_classes, int) or num_classes < 1:
        raise UsageError(f"A classifier has a number of classes, at least one, not {num_classes!r}.")
    if seed is None:
        return entry.build(num_classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return entry.build(num_classes)


def load_model(folder: Path, num_classes: int | None = None, seed: int = 0, *, hold: bool = False) -> nn.Module:
    """The network of a model folder, in evaluation mode.

    Loading is strict: a missing, surplus or misshapen tensor is an error that names it. With ``num_classes`` the
    classifier alone is exempt and starts anew from ``seed``. With ``hold`` training keeps every zero that was loaded
    (:func:`zoo.holding.hold_zeros`). Layers that the file has narrower become so (:mod:`zoo.narrowing`).
    """
    from .checkpoint.torch_io import load_into

    source = read_folder(folder)
    classes = source.config.num_classes if num_classes is None else num_classes
    model = build(source.config.architecture, classes, seed)
    exempt = () if num_classes is None else (source.config.classifier,)
    narrow(model, _shapes(source, model, exempt), source.config.preprocessing.input_size)
    load_into(model, source.weights, exempt)
    if hold:
        hold_zeros(model, exempt)
    return model.eval()


def _shapes(source: ModelFolder, model: nn.Module, exempt: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Of the file; a classifier that starts anew takes only the width of its input from there."""
    shapes = weight_shapes(source.weights)
    for name in exempt:
        weight = model.get_submodule(name).weight
        found = shapes.pop(f"{name}.weight", None)
        shapes.pop(f"{name}.bias", None)
        if found is not None and isinstance(weight, Tensor):
            shapes[f"{name}.weight"] = (weight.shape[0], *found[1:])
    return shapes


@torch.no_grad()
def features(
    model: nn.Module, classifier: str, x: Float[Tensor, "n c h w"], compiled: nn.Module | None = None
) -> Float[Tensor, "n d"]:
    """What the classifier module is given for ``x``, in the mode (training or evaluation) the model is in.

    ``compiled`` is called instead, where ``torch.compile`` made it of ``model``.
    """
    seen: list[Tensor] = []

    def look(module: nn.Module, inputs: tuple[Any, ...]) -> None:  # noqa: ARG001 - torch's signature of a hook
        seen.append(inputs[0].detach())

    handle = model.get_submodule(classifier).register_forward_pre_hook(look)
    try:
        (model if compiled is None else compiled)(x)
    finally:
        handle.remove()
    return seen[-1]
