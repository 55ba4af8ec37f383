"""Pruning methods: one file each, found by scanning this folder. What a method is: ``_protocol.py``.

An installed package adds its own through the entry point group ``prunarium.methods``, a command with ``--plugin FILE``.
"""

from ..core.plugins import Plugins
from ._protocol import MaskBehaviour, Method, MethodFacts

METHODS: Plugins[type[Method]] = Plugins("pruning method", __name__, group="prunarium.methods")

__all__ = ["METHODS", "MaskBehaviour", "Method", "MethodFacts"]
