"""Posteriors over weights, and what pruning reads from them."""

from .diagonal_laplace import fisher_diagonal, posterior_deviation
from .posterior import Posterior, training_samples
from .signal_to_noise import signal_to_noise

__all__ = ["Posterior", "fisher_diagonal", "posterior_deviation", "signal_to_noise", "training_samples"]
