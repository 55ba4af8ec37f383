"""Zeros that stay zero, whatever optimizer trains the model.

A masked gradient is not enough: momentum, weight decay and noise move weights that have none. So the zeros of a held
layer are written back, into the weight and into the optimizer's buffers of its shape, after every step of every
``torch.optim.Optimizer`` of the process that trains that weight; accelerate's wrappers and gradient scalers call such
a step, or skip it and change nothing.

What is held is remembered by the layer itself, outside of its parameters and buffers. So ``state_dict()`` stays that
of the plain architecture, and copies of a model (``copy.deepcopy``, averages of weights, pickles) hold their zeros too.
"""

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet, ref

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from .core.errors import UsageError
from .errors import MaskError
from .masks import zero_pruned
from .prunable import prunable_parameters

_ATTRIBUTE = "_prunarium_held"
_LOOKS_PRUNED = 0.1
_NAMES_SHOWN = 3


class NothingToKeepWarning(UserWarning):
    """A model that should keep its zeros has none."""


class ZerosReplacedWarning(UserWarning):
    """A state dict was loaded that has weights where the model held zeros."""


class ZerosNotHeldWarning(UserWarning):
    """A model has zeros where none are held, such as in the joint projection of attention."""


class _Held:
    """Where the weight of one layer is held at zero (True = zero); copies of the layer get a copy of this."""

    def __init__(self, layer: nn.Module, pruned: Tensor) -> None:
        # Weak, so that a model is freed as soon as it is let go and not when cycles are collected.
        self._layer = ref(layer)
        self.pruned = pruned
        _HELD.add(self)

    def apply(self, optimizer: Optimizer, trained: Collection[int]) -> None:
        """Write the zeros back if ``optimizer`` trains the weight, known by its ``id``."""
        layer = self._layer()
        weight = None if layer is None else _weight_of(layer)
        if weight is None or id(weight) not in trained:
            return
        if weight.shape != self.pruned.shape:
            raise MaskError(
                f"A weight whose zeros are held became {tuple(weight.shape)}; it was {tuple(self.pruned.shape)}.",
                "After cutting a model call prunarium.keep_sparse(model, optimizer) again.",
            )
        if self.pruned.device != weight.device:
            self.pruned = self.pruned.to(weight.device)
        zero_pruned(weight, self.pruned, optimizer)

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Held":
        return _Held(memo[id(self._layer())], self.pruned.clone())

    def __reduce__(self) -> tuple[Callable[..., "_Held"], tuple[Any, ...]]:
        # The layer is being pickled around this, so it is only referred to.
        return _Held, (self._layer(), self.pruned)


_HELD: WeakSet[_Held] = WeakSet()


@dataclass(frozen=True)
class Hold:
    """What :func:`keep_sparse` holds: so many ``zeros`` of ``model``, until :meth:`remove`."""

    model: nn.Module
    zeros: int

    def remove(self) -> None:
        """Let go of the zeros of this model."""
        release_sparsity(self.model)


def keep_sparse(model: object, optimizer: object) -> Hold:
    """Hold every zero of the prunable weights of ``model`` at zero, whatever ``optimizer`` does.

    For any module (timm, torchvision, your own), before or after ``accelerator.prepare``; calling it again reads the
    zeros anew. Models from :func:`prunarium.load` hold theirs already. Warns with :class:`NothingToKeepWarning` where
    there are no zeros, with :class:`ZerosNotHeldWarning` where other parameters have some. Raises
    :class:`~zoo.core.errors.UsageError` for anything but a module and an optimizer of torch that steps its parameters.
    """
    if not isinstance(model, nn.Module):
        raise UsageError(
            f"keep_sparse holds the zeros of a torch.nn.Module, got {type(model).__name__}.",
            "prunarium.keep_sparse(model, optimizer)",
        )
    if not isinstance(optimizer, Optimizer):
        raise UsageError(
            f"keep_sparse follows the steps of a torch.optim.Optimizer, got {type(optimizer).__name__}.",
            "prunarium.keep_sparse(model, optimizer)",
        )
    stepped = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if stepped.isdisjoint(map(id, model.parameters())):
        raise UsageError(
            f"The optimizer steps no parameter of this {type(model).__name__}.",
            "Make it of model.parameters(), after whatever replaces them.",
        )
    zeros = hold_zeros(model)
    if not zeros:
        warnings.warn(
            f"{type(model).__name__} has no zeros in its prunable weights, so there is nothing to keep: "
            "was its sparsity lost before?",
            NothingToKeepWarning,
            stacklevel=2,
        )
    if others := _pruned_otherwise(model):
        warnings.warn(
            f"Zeros of {', '.join(others[:_NAMES_SHOWN])}{' and others' if len(others) > _NAMES_SHOWN else ''} are not "
            "held: only plain weights of convolutions and linear layers are.",
            ZerosNotHeldWarning,
            stacklevel=2,
        )
    _after_step(optimizer, (), {})  # momenta of a training that is under way
    return Hold(model, zeros)


def hold_zeros(model: nn.Module, exempt: Collection[str] = ()) -> int:
    """Hold the zeros that the prunable weights have now, and return how many they are.

    ``exempt`` names modules (``"fc"``) that are left alone. Held until :func:`release_sparsity`; a state dict that is
    loaded later brings its own zeros.
    """
    total = 0
    for name in prunable_parameters(model):
        module = name.removesuffix("weight").removesuffix(".")
        if not any(module == other or module.startswith(f"{other}.") for other in exempt):
            total += _hold(model.get_submodule(module))
    return total


def release_sparsity(model: nn.Module) -> None:
    """Let go of the zeros of ``model``, so that training may bring them back; harmless where none are held."""
    for module in model.modules():
        module.__dict__.pop(_ATTRIBUTE, None)


def held_zeros(model: nn.Module) -> int:
    """How many weights of ``model`` are held at zero."""
    held = (module.__dict__.get(_ATTRIBUTE) for module in model.modules())
    return sum(int(entry.pruned.sum()) for entry in held if entry is not None)


def _pruned_otherwise(model: nn.Module) -> list[str]:
    """Parameters that look pruned and cannot be held. All zeros is how many a parameter starts."""
    prunable = {id(weight) for weight in prunable_parameters(model).values()}
    return [
        name
        for name, parameter in model.named_parameters()
        if parameter.ndim >= 2
        and id(parameter) not in prunable
        and _LOOKS_PRUNED * parameter.numel() <= int((parameter.detach() == 0).sum()) < parameter.numel()
    ]


def _hold(layer: nn.Module) -> int:
    weight = _weight_of(layer)
    pruned = None if weight is None else weight.detach() == 0
    count = 0 if pruned is None else int(pruned.sum())
    if pruned is None or not count:
        layer.__dict__.pop(_ATTRIBUTE, None)
        return 0
    if _ATTRIBUTE not in layer.__dict__:
        layer.register_load_state_dict_post_hook(_read_again)  # type: ignore[no-untyped-call]
    layer.__dict__[_ATTRIBUTE] = _Held(layer, pruned)
    return count


def _read_again(layer: nn.Module, keys: Any) -> None:  # noqa: ARG001 - torch's signature of a hook after loading
    """Whoever loads other weights means them: their zeros are held from now on."""
    held, weight = layer.__dict__.get(_ATTRIBUTE), _weight_of(layer)
    if held is None or weight is None:
        return
    lost = held.pruned.shape != weight.shape or bool((weight.detach()[held.pruned.to(weight.device)] != 0).any())
    _hold(layer)
    if lost:
        warnings.warn(
            "The state dict has weights where this model had zeros; only the zeros of the state dict are held now.",
            ZerosReplacedWarning,
            stacklevel=2,
        )


def _weight_of(layer: nn.Module) -> nn.Parameter | None:
    """The parameter behind ``layer.weight``, also while ``torch.nn.utils.prune`` has renamed it."""
    parameters = dict(layer.named_parameters(recurse=False))
    return parameters.get("weight", parameters.get("weight_orig"))


@torch.no_grad()
def _after_step(optimizer: Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature of a step hook
    if _HELD:
        trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        for held in tuple(_HELD):
            held.apply(optimizer, trained)


register_optimizer_step_post_hook(_after_step)
