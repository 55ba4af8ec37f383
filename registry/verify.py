"""Whether the weights in verified files are those of the model that was promised."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.errors import TensorFileError
from zoo.checkpoint.folder import CONFIG, PASSPORT
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.safetensors_file import read_header
from zoo.checkpoint.sparse import is_sparse, verify
from zoo.checkpoint.strict import read_json
from zoo.checkpoint.weights import SPARSE_WEIGHTS, WEIGHTS, iter_weights
from zoo.core.hashing import DensifiedHasher

from .errors import WrongModelError
from .resolve import Pin

__all__ = ["Verdict", "hash_of_weights", "verify_identity"]


class Verdict(NamedTuple):
    """The densified hash of the weights, and whose promise it kept."""

    densified_hash: str
    by: Literal["catalogue", "passport", "hub"]


def verify_identity(pin: Pin, files: Mapping[str, Path]) -> Verdict:
    """Compare weights, architecture and preprocessing with the catalogue, or else with the passport in ``files``.

    ``files`` maps names to verified files; of two weights files both must be the model. Raises
    :class:`~registry.errors.WrongModelError` where something differs, or where weights cannot be read.
    """
    where = f"{pin.repo_id}@{pin.commit}"
    hashes = {name: _hash(where, files[name]) for name in (SPARSE_WEIGHTS, WEIGHTS) if name in files}
    found = next(iter(hashes.values()))
    if len(set(hashes.values())) > 1:
        raise WrongModelError(
            f"{SPARSE_WEIGHTS} and {WEIGHTS} of {where} are different models.", "Do not use them; tell their publisher."
        )
    if pin.checkpoint is not None:
        row = pin.checkpoint
        _compare(where, "the catalogue", (row.densified_hash, row.architecture, row.preprocessing_hash), found, files)
        return Verdict(found, "catalogue")
    if PASSPORT in files:
        passport = Passport.from_json(read_json(files[PASSPORT]), PASSPORT)
        promised = (passport.densified_hash, passport.architecture or "", passport.preprocessing_hash or "")
        _compare(where, "its passport", promised, found, files)
        return Verdict(found, "passport")
    return Verdict(found, "hub")


def hash_of_weights(path: Path) -> str:
    """The densified hash of a weights file, one tensor in memory at a time.

    Raises :class:`~zoo.checkpoint.errors.TensorFileError`, also for a sparse file that claims another hash.
    """
    if is_sparse(read_header(path).metadata):
        return verify(path)
    hasher = DensifiedHasher()
    for tensor in iter_weights(path):
        hasher.update(tensor)
    return hasher.value()


def _hash(where: str, weights: Path) -> str:
    try:
        return hash_of_weights(weights)
    except TensorFileError as error:
        raise WrongModelError(
            f"{where} has no readable weights: {error.message}", "Do not use it; tell its publisher."
        ) from error


def _compare(where: str, who: str, promised: tuple[str, str, str], found: str, files: Mapping[str, Path]) -> None:
    if CONFIG not in files:
        raise WrongModelError(f"{where} is not the model that {who} promises: no {CONFIG}.")
    config = ModelConfig.from_dict(read_json(files[CONFIG]), CONFIG)
    actual = (found, config.architecture, config.preprocessing.hash())
    for what, promise, fact in zip(("densified hash", "architecture", "preprocessing"), promised, actual, strict=True):
        if promise != fact:
            raise WrongModelError(
                f"{where} is not the model that {who} promises: {what} {promise}, got {fact}.",
                "Do not use it; tell its publisher.",
            )
