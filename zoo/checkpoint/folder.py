"""The model folder: what the zoo writes, publishing uploads and pulling returns.

model.safetensors         the weights, dense; may be absent where the sparse file is there
model.sparse.safetensors  the same weights, small (docs/format.md)
config.json               what the network is (timm-compatible keys and our own, see ModelConfig)
prunarium.json            how it came about (see Provenance)
posterior.safetensors     deviations around the weights, of methods that learn some (see posterior_file)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.files import atomic_folder
from ..core.hashing import RawTensor
from .config import ModelConfig, Provenance
from .errors import CheckpointError
from .posterior_file import Deviations, write_posterior
from .safetensors_file import write_tensors
from .strict import dump_json, read_json
from .weights import SPARSE_WEIGHTS, WEIGHTS, weights_in

__all__ = [
    "CARD",
    "CONFIG",
    "PASSPORT",
    "PICTURE",
    "PROVENANCE",
    "REPORT",
    "SPARSE_WEIGHTS",
    "WEIGHTS",
    "ModelFolder",
    "read_folder",
    "write_folder",
]

CONFIG = "config.json"
PROVENANCE = "prunarium.json"
PASSPORT = "passport.json"
CARD = "README.md"
REPORT = "report.json"
PICTURE = "sparsity.svg"


@dataclass(frozen=True)
class ModelFolder:
    """A folder whose two descriptions have been read; the weights have not been touched yet."""

    path: Path
    config: ModelConfig
    provenance: Provenance

    @property
    def weights(self) -> Path:
        """The dense file if it is there, else the sparse one; raises :class:`CheckpointError` where both are gone."""
        return weights_in(self.path)


def read_folder(path: Path) -> ModelFolder:
    """The folder's descriptions; raises :class:`CheckpointError` that names what is missing or malformed."""
    if not path.is_dir():
        raise CheckpointError(f"{path}: there is no such model folder.")
    weights_in(path)
    for name in (CONFIG, PROVENANCE):
        if not (path / name).is_file():
            raise CheckpointError(
                f"{path}: {name} is missing.", f"A model folder holds weights, {CONFIG}, {PROVENANCE}."
            )
    config = ModelConfig.from_dict(read_json(path / CONFIG), str(path / CONFIG))
    provenance = Provenance.from_dict(read_json(path / PROVENANCE), str(path / PROVENANCE))
    if config.architecture != provenance.architecture:
        raise CheckpointError(
            f"{path}: {CONFIG} says architecture {config.architecture}, {PROVENANCE} says {provenance.architecture}."
        )
    return ModelFolder(path, config, provenance)


def write_folder(
    path: Path,
    tensors: Iterable[RawTensor],
    config: ModelConfig,
    provenance: Provenance,
    deviations: Deviations | None = None,
) -> ModelFolder:
    """Write a model folder, whole or not at all; an existing folder of that name is replaced."""
    tensors = list(tensors)
    with atomic_folder(path) as temporary:
        write_tensors(temporary / WEIGHTS, tensors)
        if deviations is not None:
            write_posterior(temporary, tensors, deviations, provenance.method)
        (temporary / CONFIG).write_bytes(dump_json(config.to_dict()))
        (temporary / PROVENANCE).write_bytes(dump_json(provenance.to_dict()))
    return ModelFolder(path, config, provenance)
