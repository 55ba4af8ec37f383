"""How sure a posterior is that a weight is not zero: |mean| / deviation.

Sources: Graves, "Practical Variational Inference for Neural Networks" (NeurIPS 2011), and Blundell et al., "Weight
Uncertainty in Neural Networks" (arXiv 1505.05424), prune by it.
"""

from jaxtyping import Float
from torch import Tensor


def signal_to_noise(mean: Float[Tensor, "*shape"], deviation: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """|μ| / σ, without unit: unchanged when a layer's weights and their deviations are scaled together."""
    return mean.abs() / deviation
