"""Posteriors over weights, and what pruning reads from them."""

from .diagonal_laplace import fisher_diagonal, posterior_deviation
from .signal_to_noise import decibels, signal_to_noise

__all__ = ["decibels", "fisher_diagonal", "posterior_deviation", "signal_to_noise"]
