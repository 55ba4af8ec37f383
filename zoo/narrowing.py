"""Networks whose channels were cut out: the widths of their layers are read from the shapes of their tensors.

What is left of a structurally pruned network is the same graph with narrower convolutions, linear layers and batch
norms. Its architecture is built whole, then each layer is cut to the shape that the file has; nothing of a submitter's
is run. Depths, kernels and everything else must agree.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .checkpoint.errors import TensorMismatchError

Shapes = Mapping[str, tuple[int, ...]]

_NORM_TENSORS = ("weight", "bias", "running_mean", "running_var")


def narrow(model: nn.Module, shapes: Shapes, input_size: tuple[int, int, int]) -> list[str]:
    """Cut ``model`` in place to ``shapes`` (by name in the state dict); returns the modules that became narrower.

    The first channels are kept, so that the result is valid before anything is loaded. A tensor that ``shapes`` lacks,
    or of which something other than a width differs, is left alone: loading will name it. ``input_size`` is (channels,
    height, width) of an image in pixels.

    Raises :class:`TensorMismatchError` where the narrower layers do not fit each other.
    """
    changed = [name for name, module in model.named_modules() if _cut(module, _own(shapes, name))]
    if changed:
        _try(model, input_size, changed)
    return changed


def _own(shapes: Shapes, module: str) -> Shapes:
    prefix = f"{module}." if module else ""
    found = {name: shapes.get(prefix + name) for name in _NORM_TENSORS}
    return {name: shape for name, shape in found.items() if shape is not None}


def _cut(module: nn.Module, shapes: Shapes) -> bool:
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)):
        return _cut_weight(module, shapes)
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        widths = set(shapes.values())
        if len(widths) != 1 or not _narrower(next(iter(widths)), (module.num_features,)):
            return False
        (module.num_features,) = next(iter(widths))
        _shorten(module, dict.fromkeys(_NORM_TENSORS, (module.num_features,)))
        return True
    return False


def _cut_weight(module: nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear, shapes: Shapes) -> bool:
    shape, whole = shapes.get("weight"), tuple(module.weight.shape)
    if shape is None or not _narrower(shape, whole) or shape[2:] != whole[2:]:
        return False
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = shape[0], shape[1]
    elif module.groups == 1:
        module.out_channels, module.in_channels = shape[0], shape[1]
    elif whole[1] == shape[1] == 1:  # depthwise: a filter a channel
        per_channel = module.out_channels // module.groups
        if shape[0] % per_channel:
            return False
        module.out_channels, module.groups = shape[0], shape[0] // per_channel
        module.in_channels = module.groups
    else:
        return False
    _shorten(module, {"weight": shape, "bias": shape[:1]})
    return True


def _narrower(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    fits = len(shape) == len(whole) and all(0 < new <= old for new, old in zip(shape, whole, strict=True))
    return fits and shape != whole


def _shorten(module: nn.Module, shapes: Shapes) -> None:
    for name, shape in shapes.items():
        value: Tensor | None = getattr(module, name)
        if value is None:
            continue
        kept = value.detach()[tuple(slice(size) for size in shape)].clone()
        setattr(module, name, nn.Parameter(kept) if isinstance(value, nn.Parameter) else kept)


def _try(model: nn.Module, input_size: tuple[int, int, int], changed: list[str]) -> None:
    """Send an image of no numbers through a copy that has no memory."""
    trial = copy.deepcopy(model).to("meta").eval()
    try:
        with torch.no_grad(), torch.device("meta"):
            trial(torch.zeros(1, *input_size))
    except RuntimeError as error:
        raise TensorMismatchError(
            f"{len(changed)} layers are narrower than the architecture's, and do not fit each other: {error}",
            "A network whose channels were cut out must have lost them on both sides.",
        ) from error
