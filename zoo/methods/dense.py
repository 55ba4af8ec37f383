"""No pruning: the parent that every pruned model is compared with."""

from dataclasses import dataclass

from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class DenseConfig:
    """Nothing to choose."""


@METHODS.register("dense")
class Dense(Method):
    """Ordinary training."""

    facts = MethodFacts(
        title="Dense",
        family="dense",
        paper="Deep Residual Learning for Image Recognition (arXiv 1512.03385)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
    )
    config_type = DenseConfig
