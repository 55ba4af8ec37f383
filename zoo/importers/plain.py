"""A plain state dict, as torchvision, timm and most training scripts save it."""

from . import IMPORTERS
from ._layout import Importer

IMPORTERS.register("plain")(
    Importer(
        name="plain",
        title="plain state dict",
        marks=lambda _state: True,
        convert=lambda state: state,
        source="torchvision and timm name the tensors of ResNets alike",
    )
)
