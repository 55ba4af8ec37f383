"""STR: the network multiplies by sign(w) · relu(|w| - sigmoid(s)), with one learned s a layer (arXiv:2002.03231)."""

import torch
from torch import Tensor

from ..errors import ForeignFileError
from . import IMPORTERS
from ._layout import Importer, State

_THRESHOLD = ".sparseThreshold"


def _convert(state: State) -> State:
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(_THRESHOLD):
            if name.removesuffix(_THRESHOLD) + ".weight" not in state:
                raise ForeignFileError(f"{name} has no weight beside it.")
            continue
        threshold = state.get(name.removesuffix(".weight") + _THRESHOLD) if name.endswith(".weight") else None
        made[name] = value if threshold is None else _soft(name, value, threshold)
    return made


def _soft(name: str, weight: Tensor, threshold: Tensor) -> Tensor:
    if threshold.numel() != 1:
        raise ForeignFileError(f"{name}: expected one threshold a layer, got shape {list(threshold.shape)}.")
    cut = torch.sigmoid(threshold.reshape(()))
    return torch.sign(weight) * torch.relu(torch.abs(weight) - cut)


IMPORTERS.register("str")(
    Importer(
        name="str",
        title="soft thresholds of STR",
        marks=lambda state: any(name.endswith(_THRESHOLD) for name in state),
        convert=_convert,
        source="github RAIVNLab/STR, utils/conv_type.py: STRConv",
    )
)
