"""Network architectures: one family a file, found by scanning this folder."""

from ..core.plugins import Plugins
from ._architecture import Architecture

ARCHITECTURES: Plugins[Architecture] = Plugins("architecture", __name__)

__all__ = ["ARCHITECTURES", "Architecture"]
