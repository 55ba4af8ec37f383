"""Image data: the only place that reads it. One file per kind of source, found by scanning this folder.

>>> load_data("digits:0-4").class_names
('0', '1', '2', '3', '4')
"""

from collections.abc import Callable

from ..core.data_names import data_name
from ..core.plugins import Plugins
from ._augmentation import Augmentation
from ._batches import Batch, ImageReader, TrainingBatches, image_batches, shared_batches
from ._calibration import CalibrationData, load_calibration
from ._encoded import EncodedImages, encoded_split, every_byte_read
from ._images import Ids, ImageData, Images, Split, in_memory, joined, manifest_hash, split_by_id
from ._preprocess import preprocess

SOURCES: Plugins[Callable[[str], ImageData]] = Plugins("kind of data", __name__)

__all__ = [
    "SOURCES",
    "Augmentation",
    "Batch",
    "CalibrationData",
    "EncodedImages",
    "Ids",
    "ImageData",
    "ImageReader",
    "Images",
    "Split",
    "TrainingBatches",
    "encoded_split",
    "every_byte_read",
    "image_batches",
    "in_memory",
    "joined",
    "load_calibration",
    "load_data",
    "manifest_hash",
    "preprocess",
    "shared_batches",
    "split_by_id",
]


def load_data(spec: str) -> ImageData:
    """The data that ``spec`` (``kind:selection``, such as ``digits:0-4``) names; always the same splits and order."""
    kind, _, selection = data_name(spec).partition(":")
    return SOURCES[kind](selection)
