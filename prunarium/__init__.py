"""Prunarium: pruned ImageNet models you can download, trust and compare.

The names below load the package that implements them on first use, so that ``import prunarium`` stays free of torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.comparison import compare
    from benchmark.own_images.finetuning import finetune
    from benchmark.prediction_table import predictions
    from registry.check import check
    from registry.pull import load, pull
    from registry.search import search
    from zoo.holding import keep_sparse, release_sparsity

__version__ = "0.1.0"

_HOME = {
    "check": "registry.check",
    "compare": "benchmark.comparison",
    "finetune": "benchmark.own_images.finetuning",
    "keep_sparse": "zoo.holding",
    "load": "registry.pull",
    "predictions": "benchmark.prediction_table",
    "pull": "registry.pull",
    "release_sparsity": "zoo.holding",
    "search": "registry.search",
}

__all__ = ["check", "compare", "finetune", "keep_sparse", "load", "predictions", "pull", "release_sparsity", "search"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
