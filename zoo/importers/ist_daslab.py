"""Wrapped layers of IST-DASLab's pruning code: ``conv1._layer.weight`` with ``conv1._weight_mask``."""

from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State, masked

_LAYER = "._layer."


def _convert(state: State) -> State:
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(("._weight_mask", "._bias_mask")):
            continue
        module, found, parameter = name.rpartition(_LAYER)
        mask = state.get(f"{module}._{parameter}_mask") if found else None
        plain = f"{module}.{parameter}" if found else name
        made[plain] = value if mask is None else masked(plain, value, mask)
    return made


IMPORTERS.register("ist-daslab")(
    Importer(
        name="ist-daslab",
        title="wrapped layers with masks",
        marks=lambda state: any(_LAYER in name for name in state),
        convert=_convert,
        source="github IST-DASLab/ACDC and IST-DASLab/sparse-imagenet-transfer, utils/masking_utils.py: WrappedLayer",
    )
)
