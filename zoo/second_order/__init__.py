"""Curvature of the loss by blocks of weights, and the Optimal Brain Surgeon's formulas on it."""

from .block_fisher import BlockFisherInverse, block_fisher_inverse
from .blocks import BlockLayout
from .gradients import gradient_stream
from .surgeon import joint_update, saliency

__all__ = ["BlockFisherInverse", "BlockLayout", "block_fisher_inverse", "gradient_stream", "joint_update", "saliency"]
