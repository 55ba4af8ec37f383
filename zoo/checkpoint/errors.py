"""What can be wrong with a checkpoint.

PrunariumError
└── CheckpointError              a model folder or one of its files cannot be used
    ├── TensorFileError          the safetensors file breaks its own format
    │   └── SparseFileError      a sparse file whose encoded tensors or their description are malformed
    │       └── TooEmptyError        it decodes to more than its size allows
    ├── ConfigError              config.json, prunarium.json or passport.json is malformed or contradicts itself
    └── TensorMismatchError      tensors do not fit the module: missing, surplus, wrong shape or dtype
"""

from ..core.errors import PrunariumError


class CheckpointError(PrunariumError):
    """A model folder or one of its files cannot be used; the message names the file and, where known, the tensor."""


class TensorFileError(CheckpointError):
    """A safetensors file that breaks its own format; nothing was read from it."""


class SparseFileError(TensorFileError):
    """A sparse weights file whose description or encoded tensors are malformed, or that is of a newer version."""


class TooEmptyError(SparseFileError):
    """A sparse file that decodes to more than its size allows: a bomb, or a model that is kept as a dense file."""


class ConfigError(CheckpointError):
    """A JSON file of a model folder that is malformed, incomplete or contradicts itself."""


class TensorMismatchError(CheckpointError):
    """Tensors and module disagree; every disagreement is listed by tensor name."""
