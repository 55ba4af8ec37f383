"""``posterior.safetensors``: the deviations of a model's weights, beside the file that holds their means.

One float32 vector for each prunable tensor, under its name: σ of the weights that are not zero, in C order. The
metadata say the kind of posterior, the method, the number of images that it was learned from, and the densified hash of
the weights that it belongs to. Numpy only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.hashing import RawTensor, densified_hash
from .errors import CheckpointError
from .safetensors_file import from_numpy, open_tensors, tensors_in, to_numpy, write_tensors

POSTERIOR = "posterior.safetensors"
SCHEMA = "prunarium posterior 1"
_KEYS = ("format", "kind", "method", "samples", "weights")


@dataclass(frozen=True)
class StoredPosterior:
    """σ of the weights that are kept, per tensor and flat; ``weights`` is the densified hash of the means."""

    kind: str
    method: str
    samples: int
    weights: str
    deviations: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Deviations:
    """σ in the shapes of the prunable tensors; what stands where weights are zero does not matter."""

    kind: str
    samples: int
    values: Mapping[str, np.ndarray]


def write_posterior(folder: Path, tensors: Iterable[RawTensor], deviations: Deviations, method: str) -> None:
    """Write the file for a model of ``tensors``.

    Raises :class:`CheckpointError` for a kept weight whose deviation is not above 0 and finite.
    """
    model = {tensor.name: tensor for tensor in tensors}
    kept = {name: values[to_numpy(model[name]) != 0].astype("<f4") for name, values in deviations.values.items()}
    for name, values in kept.items():
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise CheckpointError(
                f"The posterior of {name} has deviations that are not above 0, or are not numbers.",
                "Training has diverged, or float32 is too coarse for them: lower the learning rate.",
            )
    metadata = {
        "format": SCHEMA,
        "kind": deviations.kind,
        "method": method,
        "samples": str(deviations.samples),
        "weights": densified_hash(model.values()),
    }
    write_tensors(folder / POSTERIOR, [from_numpy(name, values) for name, values in kept.items()], metadata)


def read_posterior(folder: Path, tensors: Iterable[RawTensor]) -> StoredPosterior:
    """The posterior beside the model of ``tensors``, whose bytes it must belong to.

    Raises :class:`CheckpointError` where there is none, it is not readable, or it belongs to other weights.
    """
    path = folder / POSTERIOR
    if not path.is_file():
        raise CheckpointError(
            f"{folder} has no {POSTERIOR}.",
            "Models of ivon, bayes-by-backprop, variational-dropout and swag-diagonal have one where they were made, "
            "and none on a hub: prunarium benchmark run --folders MODELS",
        )
    model = {tensor.name: tensor for tensor in tensors}
    with open_tensors(path) as opened:
        metadata = opened.header.metadata
        found = {tensor.name: to_numpy(tensor) for tensor in tensors_in(opened)}
    if (
        metadata.get("format") != SCHEMA
        or not all(key in metadata for key in _KEYS)
        or not metadata["samples"].isdigit()
    ):
        raise CheckpointError(f"{path} is not a file of deviations: its metadata are {metadata}.")
    if metadata["weights"] != densified_hash(model.values()):
        raise CheckpointError(
            f"{path} belongs to other weights than those beside it.", "Make the model again, or remove the file."
        )
    for name, values in found.items():
        count = int((to_numpy(model[name]) != 0).sum()) if name in model else -1
        if values.shape != (count,) or not (np.isfinite(values).all() and (values > 0).all()):
            raise CheckpointError(f"{path}: the deviations of {name} are not {count} numbers above 0.")
    return StoredPosterior(metadata["kind"], metadata["method"], int(metadata["samples"]), metadata["weights"], found)
