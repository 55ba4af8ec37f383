"""RobustNets (arXiv:2207.04075): 447 networks for CIFAR-10 in two dialects of names.

Those of the lottery-ticket methods are named as the zoo's. In the others classifiers are 1×1 convolutions, the
shortcuts of ResNet-18 and the lists of VGG-16 have other names, and the norms of networks with untrained weights have
no scale and shift: 1 and 0. Tensors that are stored sparse are unpacked when the file is read.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State

_CONV8 = "linear.4.weight"
_RESNET = re.compile(r"layer\d\.\d\.shortcut\.[01]\..+")
_VGG = re.compile(r"convs\.(\d+)\.(.+)")
_POOLED_AFTER = (2, 4, 7, 10)  # convolutions of VGG-16


def _dialect(state: State) -> str | None:
    """The network whose tensors these are, where it is not named as the zoo's; None for all others."""
    head = state.get(_CONV8)
    if head is not None and head.ndim == 4 and "convs.0.weight" in state:
        return "conv8"
    if any(_RESNET.fullmatch(name) for name in state):
        return "resnet18"
    if "linear.0.weight" in state and state["linear.0.weight"].ndim == 4 and "convs.1.running_var" in state:
        return "vgg16"
    return None


def _convert(state: State) -> State:
    renamed = _CONVERSIONS[_dialect(state) or "conv8"](state)
    made = dict(renamed)
    for name, value in renamed.items():
        norm, found, _ = name.rpartition(".running_var")
        if found and f"{norm}.weight" not in renamed:
            made |= {f"{norm}.weight": torch.ones_like(value), f"{norm}.bias": torch.zeros_like(value)}
        convolution = norm.removesuffix(".bn") + ".conv"
        if found and norm.startswith("layers.") and f"{convolution}.bias" not in renamed:
            made[f"{convolution}.bias"] = torch.zeros_like(value)
    return made


def _conv8(state: State) -> State:
    """Without ``output``, which is the last of ``linear`` under a second name."""
    return {
        name: value.flatten(1) if name.startswith("linear.") and value.ndim == 4 else value
        for name, value in state.items()
        if name != "output.weight" or not torch.equal(value, state[_CONV8])
    }


def _resnet18(state: State) -> State:
    return {name.replace(".shortcut.", ".downsample."): value for name, value in state.items()}


def _vgg16(state: State) -> State:
    places = dict(_places())
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        found = _VGG.fullmatch(name)
        if found is not None and int(found[1]) in places:
            made[f"{places[int(found[1])]}.{found[2]}"] = value
        else:
            made["fc.weight" if name == "linear.0.weight" else name] = value
    return made


def _places() -> list[tuple[int, str]]:
    """Positions in their flat list (convolution, norm, ramp, and the poolings) and modules of the zoo's."""
    made = []
    flat = layer = 0
    for number in range(1, 14):
        made += [(flat, f"layers.{layer}.conv"), (flat + 1, f"layers.{layer}.bn")]
        flat, layer = flat + 3, layer + 1
        if number in _POOLED_AFTER:
            flat, layer = flat + 1, layer + 1
    return made


_CONVERSIONS: Mapping[str, Callable[[State], State]] = {"conv8": _conv8, "resnet18": _resnet18, "vgg16": _vgg16}

IMPORTERS.register("robustnets")(
    Importer(
        name="robustnets",
        title="RobustNets' names",
        marks=lambda state: _dialect(state) is not None,
        convert=_convert,
        source="github sarafridov/RobustNets, models.py and utilities.py",
    )
)
