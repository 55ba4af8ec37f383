"""Image data: the only place that reads it. One file per kind of source, found by scanning this folder.

>>> load_data("digits:0-4").class_names
('0', '1', '2', '3', '4')
"""

from collections.abc import Callable

from ..core.plugins import Plugins
from ._images import ImageData, Split
from ._preprocess import preprocess

SOURCES: Plugins[Callable[[str], ImageData]] = Plugins("kind of data", __name__)

__all__ = ["SOURCES", "ImageData", "Split", "load_data", "preprocess"]


def load_data(spec: str) -> ImageData:
    """The data that ``spec`` (``kind:selection``, such as ``digits:0-4``) names; always the same splits and order."""
    kind, _, selection = spec.partition(":")
    return SOURCES[kind](selection)
