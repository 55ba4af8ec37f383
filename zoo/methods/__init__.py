"""Pruning methods: one file each, found by scanning this folder. What a method is: ``_protocol.py``.

An installed package adds its own through the entry point group ``prunarium.methods``, a command with ``--plugin FILE``.
"""

from ..core.plugins import Plugins
from ._protocol import EVERY_PATTERN, MaskBehaviour, Method, MethodFacts, check_pattern

METHODS: Plugins[type[Method]] = Plugins("pruning method", __name__, group="prunarium.methods")

__all__ = ["EVERY_PATTERN", "METHODS", "MaskBehaviour", "Method", "MethodFacts", "check_pattern"]
