"""Curvature of the loss by blocks of weights, and the Optimal Brain Surgeon's formulas on it."""

from .accumulate import Stream
from .block_fisher import BlockFisherInverse, block_fisher_inverse
from .blocks import BlockLayout
from .gradients import CalibrationGradients, gradient_stream
from .surgeon import joint_update, saliency, summed_update

__all__ = [
    "BlockFisherInverse",
    "BlockLayout",
    "CalibrationGradients",
    "Stream",
    "block_fisher_inverse",
    "gradient_stream",
    "joint_update",
    "saliency",
    "summed_update",
]
