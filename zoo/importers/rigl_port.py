"""RigL's ResNet-50 as IST-DASLab ported it for its transfer study: other names, the padding of TensorFlow."""

import re

from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State

_MARK = "initial_conv.conv.weight"
_BLOCK = re.compile(r"layer(\d)\.block\.(\d+)\.(conv[123]|shortcut)\.(conv|bn)\.(.+)")
_STEM = {"initial_conv.conv.": "conv1.", "initial_conv.bn.": "bn1."}


def _convert(state: State) -> State:
    return dict(map(_renamed, state.items()))


def _renamed(item: tuple[str, Tensor]) -> tuple[str, Tensor]:
    name, value = item
    for old, new in _STEM.items():
        if name.startswith(old):
            return new + name.removeprefix(old), value
    found = _BLOCK.fullmatch(name)
    if found is None:
        return name, value
    stage, block, place, kind, leaf = found.groups()
    if place == "shortcut":
        module = f"downsample.{int(kind == 'bn')}"
    else:
        module = place if kind == "conv" else place.replace("conv", "bn")
    return f"layer{stage}.{block}.{module}.{leaf}", value


IMPORTERS.register("rigl-port")(
    Importer(
        name="rigl-port",
        title="IST-DASLab's port of RigL's ResNet-50",
        marks=lambda state: _MARK in state,
        convert=_convert,
        source="github IST-DASLab/sparse-imagenet-transfer, models/external/rigl/resnet.py",
        architectures=("resnet50-tf",),
    )
)
