"""How sure a posterior is that a weight is not zero: |mean| / deviation.

Sources: Graves, "Practical Variational Inference for Neural Networks" (NeurIPS 2011), and Blundell et al., "Weight
Uncertainty in Neural Networks" (arXiv 1505.05424), prune by it.
"""

from jaxtyping import Float
from torch import Tensor


def signal_to_noise(mean: Float[Tensor, "*shape"], deviation: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """|μ| / σ, without unit: unchanged when a layer's weights and their deviations are scaled together."""
    return mean.abs() / deviation


def decibels(ratio: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """10 log₁₀(|μ|/σ), the unit in which Blundell et al. and Mohan et al. (arXiv 2201.01203) plot it.

    A ratio of amplitudes has 20 log₁₀ in engineering; theirs is half of that, and the order of weights is the same.
    """
    return 10.0 * ratio.log10()
