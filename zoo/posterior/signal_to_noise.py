"""How sure a posterior is that a weight is not zero: |mean| / deviation.

Sources: Graves, "Practical Variational Inference for Neural Networks" (NeurIPS 2011), and Blundell et al., "Weight
Uncertainty in Neural Networks" (arXiv 1505.05424), prune by it; Mohan and Scaife (arXiv 2111.11654) give it in decibels
with the factor 10.
"""

from jaxtyping import Float
from torch import Tensor


def signal_to_noise(mean: Float[Tensor, "*shape"], deviation: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """|μ| / σ, without unit: unchanged when a layer's weights and their deviations are scaled together."""
    return mean.abs() / deviation


def decibels(ratio: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """10·log10 of a signal-to-noise ratio; −inf for a mean of zero."""
    return 10 * ratio.log10()
