"""torchvision's MobileNets, EfficientNets, ConvNeXts and ViTs under timm's names; its ResNets have these already."""

from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State
from ._torchvision_names import FAMILIES

_EPSILON = 1e-3  # of batch normalisation in torchvision's MobileNet-v3; timm's has 1e-5


def family_of(state: State) -> str | None:
    """The family whose tensors these are; None where they are of none."""
    return next((family for family, (mark, _) in FAMILIES.items() if mark in state), None)


def _convert(state: State) -> State:
    family = family_of(state)
    if family is None:
        return state
    names = FAMILIES[family][1](state)
    return {(new := names.get(name, name)): _reshaped(family, new, value) for name, value in state.items()}


def _reshaped(family: str, name: str, value: Tensor) -> Tensor:
    if family == "convnext" and name.endswith(".gamma"):
        return value.flatten()
    if family == "mobilenetv3" and name == "conv_head.weight":
        return value[:, :, None, None]
    if family == "mobilenetv3" and name.endswith(".running_var"):
        # The same sum of variance and epsilon, rounded once; so the network computes what torchvision's does.
        return (value.double() + (_EPSILON - 1e-5)).to(value.dtype)
    return value


IMPORTERS.register("torchvision")(
    Importer(
        name="torchvision",
        title="torchvision's names",
        marks=lambda state: family_of(state) is not None,
        convert=_convert,
        source="https://docs.pytorch.org/vision/stable/models.html",
    )
)
