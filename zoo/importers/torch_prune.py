"""Masks beside weights: ``weight_orig`` and ``weight_mask`` of torch.nn.utils.prune, or a buffer ``mask``."""

from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State, masked

_ORIGINAL, _MASK = "_orig", "_mask"


def _mask_of(state: State) -> dict[str, tuple[str, str]]:
    """The name that a tensor gets -> the names of what it is made of: values and mask."""
    pairs = {}
    for name in state:
        stem = name.removesuffix(_ORIGINAL)
        if stem != name and stem + _MASK in state:
            pairs[stem] = (name, stem + _MASK)
        elif stem == name and name + _MASK in state:
            pairs[name] = (name, name + _MASK)
        elif name.endswith(".weight") and name.removesuffix("weight") + "mask" in state:
            pairs[name] = (name, name.removesuffix("weight") + "mask")
    return pairs


def _convert(state: State) -> State:
    pairs = _mask_of(state)
    used = {name for pair in pairs.values() for name in pair}
    made: dict[str, Tensor] = {name: value for name, value in state.items() if name not in used}
    return made | {name: masked(name, state[values], state[mask]) for name, (values, mask) in pairs.items()}


IMPORTERS.register("torch-prune")(
    Importer(
        name="torch-prune",
        title="masks beside weights",
        marks=lambda state: bool(_mask_of(state)),
        convert=_convert,
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.prune.CustomFromMask.html",
    )
)
