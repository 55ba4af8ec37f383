"""Errors of the zoo.

ZooError
├── MaskError                  masks or scores that do not fit the model
├── TargetMissedError          a method that promised an exact sparsity ended elsewhere
├── TrainingDivergedError      the loss became infinite or not a number
├── RanksDisagreeError         processes that train one model together hold different masks
├── SavedRunError              a half-finished run that was begun otherwise, or cannot be read
├── ParentMissingError         there is no dense model to start from
├── FolderTakenError           a model folder exists that was made otherwise
├── DataMismatchError          images that do not fit the architecture, or data that changed
├── DataMissingError           data that are not here, or that a hub does not give
├── CorruptImageError          a file that is no whole image
├── ForeignFileError           somebody else's checkpoint that is unsafe, damaged, out of reach or of unknown layout
└── CurvatureError             a method cannot measure how the loss curves
    ├── CalibrationError           too few samples to measure it from
    ├── LayerInputError            a layer whose inputs are not understood, or that the network does not call
    ├── NonFiniteInputError        a layer is given infinity or something that is not a number
    ├── NonFiniteGradientError     a gradient is infinite or not a number
    ├── LostDigitsError            a Fisher block is too close to singular for any number format
    └── TooLargeError              a curvature matrix that does not fit into memory
"""

from .core.errors import PrunariumError, UsageError


class ZooError(PrunariumError):
    """The root of every error raised by the zoo."""


class MaskError(ZooError):
    """Masks or scores whose names, shapes or counts do not fit."""


class TargetMissedError(ZooError):
    """A method that promised an exact sparsity ended elsewhere."""


class TrainingDivergedError(ZooError):
    """The loss became infinite or not a number."""


class RanksDisagreeError(ZooError):
    """Processes that train one model together hold different masks."""


class SavedRunError(ZooError, UsageError):
    """A half-finished run is there that was begun with other settings, or that cannot be read."""


class ParentMissingError(ZooError, UsageError):
    """A dense parent is needed and is not in the folder given."""


class FolderTakenError(ZooError, UsageError):
    """A model folder of this name exists and was made by other settings."""


class DataMismatchError(ZooError):
    """Images do not fit the architecture, or data are not laid out, or not the ones, that were expected."""


class DataMissingError(ZooError, UsageError):
    """Data are not where they were said to be, or a hub does not give them; the hint says how to get them."""


class CorruptImageError(ZooError):
    """An image cannot be read or decoded; the message names its file."""


class ForeignFileError(ZooError):
    """A checkpoint of somebody else that could run code, is damaged, is out of reach, or has no known layout."""


class CurvatureError(ZooError):
    """A method cannot measure how the loss curves."""


class CalibrationError(CurvatureError):
    """Calibration batches are missing, or end before the samples that a method asks for."""


class LayerInputError(CurvatureError):
    """A layer's output is no plain product of its weight with its input, or the network never calls it."""


class NonFiniteInputError(CurvatureError):
    """A layer is given NaN or infinity."""


class NonFiniteGradientError(CurvatureError):
    """A gradient holds NaN or infinity."""


class LostDigitsError(CurvatureError):
    """A block of the Fisher cannot be inverted: its damping drowns in rounding errors."""


class TooLargeError(CurvatureError, UsageError):
    """A matrix of curvature that the method needs whole does not fit into memory."""
