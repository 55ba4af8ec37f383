"""The model zoo: networks, pruning methods, masks, training. Names load on first use; importing it loads no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .architectures import ARCHITECTURES
    from .data import load_data
    from .holding import hold_zeros, keep_sparse, release_sparsity
    from .make import make_model
    from .methods import METHODS
    from .models import build, features, load_model
    from .prunable import prunable_parameters
    from .pruner import Pruner
    from .request import Request
    from .train import TrainConfig

_HOME = {
    "ARCHITECTURES": "architectures",
    "METHODS": "methods",
    "Pruner": "pruner",
    "Request": "request",
    "TrainConfig": "train",
    "build": "models",
    "features": "models",
    "hold_zeros": "holding",
    "keep_sparse": "holding",
    "load_data": "data",
    "load_model": "models",
    "make_model": "make",
    "prunable_parameters": "prunable",
    "release_sparsity": "holding",
}

__all__ = [
    "ARCHITECTURES",
    "METHODS",
    "Pruner",
    "Request",
    "TrainConfig",
    "build",
    "features",
    "hold_zeros",
    "keep_sparse",
    "load_data",
    "load_model",
    "make_model",
    "prunable_parameters",
    "release_sparsity",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
