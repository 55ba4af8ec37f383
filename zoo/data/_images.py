"""Labelled images in memory, with where they come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from ..core.canonical import canonical_json


@dataclass(frozen=True)
class Split:
    """Images (0-255), labels (indices into the class names) and the id of each image, in one order."""

    images: UInt8[np.ndarray, "n h w c"]
    labels: Int64[np.ndarray, " n"]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class ImageData:
    """A data set: ``splits`` are "train", "validation" and "test"; ``sha256`` is :func:`manifest_hash` of them."""

    name: str
    spec: str
    class_names: tuple[str, ...]
    splits: Mapping[str, Split]
    sha256: str
    licence: str
    citation: str


def manifest_hash(splits: Mapping[str, Split]) -> str:
    """64 hex digits over (split, id, label): ids are hashes of the images, so this fixes every pixel and label."""
    manifest = {name: sorted(zip(split.ids, split.labels.tolist(), strict=True)) for name, split in splits.items()}
    return hashlib.sha256(canonical_json(manifest)).hexdigest()
