"""Posteriors over weights, and what pruning reads from them."""

from .diagonal_laplace import fisher_diagonal, posterior_deviation
from .signal_to_noise import signal_to_noise

__all__ = ["fisher_diagonal", "posterior_deviation", "signal_to_noise"]
