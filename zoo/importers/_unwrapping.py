"""The state dict inside what a training script saved."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..errors import ForeignFileError
from ._layout import State
from ._sparse_tuples import is_sparse_tuple, unpacked

# Where scripts put it, the more usual first; averaged weights are taken where there are no others, or on request.
_PLACES = (
    "state_dict", "model_state_dict", "model", "net", "module", "network", "weights", "params",
    "state_dict_ema", "model_ema", "ema_state_dict", "ema",
)  # fmt: skip
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")
_COUNTERS = ("n_averaged",)  # of torch.optim.swa_utils.AveragedModel
_SHOWN = 12
_DEEPEST = 4


def state_of(document: Any, key: str | None = None) -> tuple[State, list[str]]:
    """The tensors by name, without wrappers' prefixes; and in words what was unwrapped.

    ``key`` names the entry to take where there are several. Raises :class:`ForeignFileError` where there are no
    tensors by name, where one is sparse, quantized or without data, and where they are too large together.
    """
    told: list[str] = []
    for depth in range(_DEEPEST):
        if isinstance(document, Mapping) and any(map(is_sparse_tuple, document.values())):
            document = unpacked(document)
            told.append("tensors stored as indices and values made dense")
        if isinstance(document, Mapping) and depth == 0 and key is not None:
            place: str | None = _asked(document, key)
        elif _is_state(document):
            return _without_prefixes(_tensors(document, told), told), told
        else:
            place = next((name for name in _PLACES if _holds(document, name)), None)
        if place is None:
            break
        others = [name for name in _PLACES if name != place and _holds(document, name)]
        told.append(f"taken from {place!r}" + (f" (the file also holds {', '.join(others)})" if others else ""))
        document = document[place]
    raise ForeignFileError(
        f"The file holds no tensors by name, but {_described(document)}.", "Name the entry that does with --key."
    )


def _asked(document: Mapping[Any, Any], key: str) -> str:
    if key not in document:
        raise ForeignFileError(f"The file has no entry {key!r}, but {_described(document)}.")
    return key


def _holds(document: Any, name: str) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get(name), Mapping) and bool(document[name])


def _is_state(document: Any) -> bool:
    """Tensors by name, some with a dot (TensorFlow: a stroke): not a dictionary of states or of counters."""
    if not isinstance(document, Mapping) or not document or not all(isinstance(name, str) for name in document):
        return False
    return any(isinstance(value, Tensor) and ("." in name or "/" in name) for name, value in document.items())


def _tensors(document: Mapping[str, Any], told: list[str]) -> dict[str, Tensor]:
    left = sorted(name for name, value in document.items() if not isinstance(value, Tensor) or name in _COUNTERS)
    if left:
        told.append(f"left out, being no tensors of the network: {', '.join(left[:_SHOWN])}")
    state = {name: value for name, value in document.items() if name not in left}
    for name, value in state.items():
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise ForeignFileError(f"{name} is no plain dense tensor.", "Save it dense, in floating point.")
    # One stored number may be expanded to any shape.
    size = sum(value.numel() * value.element_size() for value in state.values())
    if size > MAX_FILE_BYTES:
        raise ForeignFileError(f"The tensors take {size:,} bytes in memory; at most {MAX_FILE_BYTES:,} are taken.")
    return state


def _without_prefixes(state: dict[str, Tensor], told: list[str]) -> dict[str, Tensor]:
    for _ in _PREFIXES:
        prefix = next((one for one in _PREFIXES if all(name.startswith(one) for name in state)), None)
        if prefix is None:
            break
        told.append(f"prefix {prefix!r} removed")
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _described(document: Any) -> str:
    if not isinstance(document, Mapping):
        return f"an object of type {type(document).__name__}"
    names = ", ".join(map(repr, list(document)[:_SHOWN]))
    return f"the entries {names}" if names else "nothing"
