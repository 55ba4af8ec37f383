"""Pruning methods: one file each, found by scanning this folder. What a method is: ``_protocol.py``."""

from ..core.plugins import Plugins
from ._protocol import MaskBehaviour, Method, MethodFacts

METHODS: Plugins[type[Method]] = Plugins("pruning method", __name__)

__all__ = ["METHODS", "MaskBehaviour", "Method", "MethodFacts"]
