"""A validation part, drawn from the images that may be trained on: by class, by seed, the same on every machine."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from zoo.core.canonical import canonical_json

from .tasks import LabelledSet


@dataclass(frozen=True)
class Holdout:
    """Rows of the pool that train and that choose, rising; ``ids`` are those of the images that choose."""

    train: Int64[np.ndarray, " a"]
    validation: Int64[np.ndarray, " b"]
    ids: tuple[str, ...]

    def document(self, seed: int, fraction: float) -> dict[str, Any]:
        """What is stored with the result, as JSON types."""
        return {"seed": seed, "fraction": fraction, "validation": list(self.ids)}

    def note(self, fraction: float) -> dict[str, Any]:
        """What is said of it in the provenance; the hash is over the ids in their order."""
        digest = hashlib.sha256(canonical_json(list(self.ids))).hexdigest()
        return {
            "fraction": fraction,
            "train": len(self.train),
            "validation": len(self.validation),
            "ids_sha256": digest,
        }


def held_out(pool: LabelledSet, fraction: float, seed: int) -> Holdout:
    """Of each class of n images the first round(``fraction`` · n) by the SHA-256 of ``seed|id``.

    No generator is involved, and a class of one or two images trains as a whole.
    """
    ids = list(pool.ids)
    chosen: list[int] = []
    for label in np.unique(pool.labels):
        members = np.flatnonzero(pool.labels == label).tolist()
        members.sort(key=lambda row: hashlib.sha256(f"{seed}|{ids[row]}".encode()).digest())
        chosen += members[: round(fraction * len(members))]
    validation = np.array(sorted(chosen), dtype=np.int64)
    train = np.setdiff1d(np.arange(len(ids)), validation)
    return Holdout(train, validation, tuple(ids[row] for row in validation))


def rows_of(pool: LabelledSet, rows: Int64[np.ndarray, " m"]) -> LabelledSet:
    """The images at ``rows``; nothing is read."""
    from zoo.data import Split

    part = Split(*pool).select(rows.tolist())
    return LabelledSet(part.images, part.labels, part.ids)
