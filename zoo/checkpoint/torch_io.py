"""Between modules and bytes: the only file of this package that needs torch."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..core.hashing import RawTensor
from .errors import TensorMismatchError
from .precision import dtype_problems
from .weights import read_weights

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

# So many names of one kind stand in a message; the rest are counted.
_NAMES_SHOWN = 8


class TensorSpec(NamedTuple):
    """What a module expects under one name of its ``state_dict``; ``dtype`` in safetensors' spelling."""

    name: str
    dtype: str
    shape: tuple[int, ...]


def specs_of(module: nn.Module) -> list[TensorSpec]:
    """What a file must hold for this module; works on the meta device. Raises as :func:`tensors_of`."""
    return [
        TensorSpec(name, _dtype_name(name, value), tuple(value.shape)) for name, value in module.state_dict().items()
    ]


def tensors_of(module: nn.Module) -> list[RawTensor]:
    """The module's ``state_dict`` as bytes, in its order; zeros are written as +0.0 (``w * mask`` leaves -0.0).

    Raises :class:`TensorMismatchError` for an entry that is no plain dense tensor or has a dtype that the file lacks.
    """
    return [_raw(name, value) for name, value in module.state_dict().items()]


def to_torch(tensor: RawTensor) -> Tensor:
    """A tensor of the same dtype, shape and bits, on the CPU, that shares no memory with its source."""
    dtype = _DTYPES[tensor.dtype]
    data = bytearray(tensor.data)
    # frombuffer refuses an empty buffer.
    return torch.frombuffer(data, dtype=dtype).reshape(tensor.shape) if data else torch.empty(tensor.shape, dtype=dtype)


def load_into(module: nn.Module, path: Path, exempt: Collection[str] = ()) -> None:
    """Copy a weights file, dense or sparse, into a module, all of it or nothing.

    ``exempt`` names modules (``"fc"``) that keep what they have, so that a new classifier can stand on loaded
    features; their tensors in the file are ignored. Everything else must agree in name, shape and dtype; a file that
    is in half precision throughout is widened (:mod:`zoo.checkpoint.precision`).

    Raises :class:`TensorFileError` for a broken file and :class:`TensorMismatchError` that lists missing, surplus and
    unfitting tensors; the module is then as it was.
    """
    state = module.state_dict()
    unknown = sorted(name for name in exempt if not any(_within(key, name) for key in state))
    if unknown:
        raise TensorMismatchError(f"{path}: the module has no tensors under {', '.join(unknown)} to exempt.")
    wanted = _without(state, exempt)
    found = _without({tensor.name: tensor for tensor in read_weights(path)}, exempt)
    problems = _differences(wanted, found)
    if problems:
        raise TensorMismatchError(
            f"{path} does not fit {type(module).__name__}: {'; '.join(problems)}.",
            "Build the module that config.json describes; only a new classifier may differ.",
        )
    with torch.no_grad():
        for name, target in wanted.items():
            target.copy_(to_torch(found[name]))


def _dtype_name(name: str, value: Any) -> str:
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.dtype not in _NAMES:
        kind = f"{value.dtype}, {value.layout}" if isinstance(value, Tensor) else type(value).__name__
        raise TensorMismatchError(f"{name}: expected a plain dense tensor, got {kind}.")
    return _NAMES[value.dtype]


def _raw(name: str, value: Any) -> RawTensor:
    dtype = _dtype_name(name, value)
    tensor = value.detach().cpu().contiguous()
    if tensor.is_floating_point():
        tensor = torch.where(tensor == 0, torch.zeros((), dtype=tensor.dtype), tensor)
    data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
    return RawTensor(name, dtype, tuple(tensor.shape), data)


def _within(tensor: str, module: str) -> bool:
    return tensor == module or tensor.startswith(f"{module}.")


def _without(tensors: Mapping[str, Any], exempt: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in tensors.items() if not any(_within(name, module) for module in exempt)}


def _differences(wanted: Mapping[str, Tensor], found: Mapping[str, RawTensor]) -> list[str]:
    common = [name for name in wanted if name in found]
    shapes = (
        f"{name} has shape {list(found[name].shape)}, not {list(wanted[name].shape)}"
        for name in common
        if found[name].shape != tuple(wanted[name].shape)
    )
    stored = {name: tensor.dtype for name, tensor in found.items()}
    expected = {name: _dtype_name(name, tensor) for name, tensor in wanted.items()}
    dtypes = (f"{name} is {got}, not {needed}" for name, got, needed in dtype_problems(stored, expected))
    return [
        *_listed("missing ", wanted.keys() - found.keys()),
        *_listed("surplus ", found.keys() - wanted.keys()),
        *_listed("", shapes),
        *_listed("", dtypes),
    ]


def _listed(heading: str, names: Iterable[str]) -> list[str]:
    ordered = sorted(names)
    if not ordered:
        return []
    more = len(ordered) - _NAMES_SHOWN
    return [heading + ", ".join(ordered[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")]
