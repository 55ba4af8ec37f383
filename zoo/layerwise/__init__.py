"""Pruning a layer by what it is given: second moments of its inputs, and the best weights for a mask under them.

A layer computes W X. With H = 2 X Xᵀ the error that a change δ of one row makes is ½ δ H δᵀ = ‖δ X‖², whatever follows.
"""

from .eliminate import Elimination, eliminate
from .layers import Layer, layers_of
from .moments import InputMoments
from .refit import refit
from .walk import ORDERS, WalkConfig, prune_layers

__all__ = [
    "ORDERS",
    "Elimination",
    "InputMoments",
    "Layer",
    "WalkConfig",
    "eliminate",
    "layers_of",
    "prune_layers",
    "refit",
]
