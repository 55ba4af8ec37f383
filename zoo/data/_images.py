"""Labelled images, in memory or read when they are asked for, with where they come from."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64, UInt8

from ..core.canonical import canonical_json
from ..errors import DataMismatchError


@runtime_checkable
class Images(Protocol):
    """Images (0-255) by position. An array "n h w c" is one; so is :class:`EncodedImages`, whose sizes differ."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w c"]: ...


def in_memory(images: Images) -> UInt8[np.ndarray, "n h w c"]:
    """All images in one array; raises :class:`DataMismatchError` where their sizes differ."""
    if isinstance(images, np.ndarray):
        return images
    each = [images[index] for index in range(len(images))]
    if sizes := {image.shape for image in each} - {each[0].shape if each else None}:
        raise DataMismatchError(f"Expected images of one size, got {each[0].shape} and {sizes.pop()}.")
    return np.stack(each)


@runtime_checkable
class Ids(Protocol):
    """Ids by position: a tuple is one, and :class:`LazyIds`, whose looking at costs."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True)
class Split:
    """Images, labels (indices into the class names) and the permanent id of each image, in one order.

    ``ids`` of encoded images are the SHA-256 of their bytes, worked out when they are first looked at.
    """

    images: Images
    labels: Int64[np.ndarray, " n"]
    ids: Ids

    def __len__(self) -> int:
        return len(self.labels)

    def histogram(self, classes: int) -> tuple[int, ...]:
        """How many images each class has."""
        return tuple(np.bincount(self.labels, minlength=classes).tolist())

    def select(self, indices: Sequence[int]) -> "Split":
        """The images at ``indices``, in their order; nothing is read."""
        rows = np.asarray(indices, dtype=np.int64)
        images = self.images[rows] if isinstance(self.images, np.ndarray) else _Selection(self.images, rows)
        return Split(images, self.labels[rows], LazyIds(len(rows), partial(_at, self.ids, rows)))


@dataclass(frozen=True)
class ImageData:
    """A data set: ``splits`` are some of "train", "validation" and "test"; ``spec`` is what :func:`load_data` takes."""

    name: str
    spec: str
    class_names: tuple[str, ...]
    splits: Mapping[str, Split]
    licence: str
    citation: str

    def __post_init__(self) -> None:
        for name, split in self.splits.items():
            if len(split) and not 0 <= int(split.labels.min()) <= int(split.labels.max()) < len(self.class_names):
                raise DataMismatchError(
                    f"{self.spec}: labels of {name} go from {split.labels.min()} to {split.labels.max()}, but there "
                    f"are {len(self.class_names)} classes, counted from 0.",
                    "Choose another column of labels, or a split that has labels.",
                )

    @cached_property
    def sha256(self) -> str:
        """:func:`manifest_hash` of the splits. The first look reads every encoded image once."""
        return manifest_hash(self.splits)


def joined(splits: Sequence[Split]) -> Split:
    """One split after the other; nothing is read."""
    labels = np.concatenate([split.labels for split in splits])
    ids = LazyIds(len(labels), lambda: [image_id for split in splits for image_id in split.ids])
    arrays = [split.images for split in splits if isinstance(split.images, np.ndarray)]
    if len(arrays) == len(splits):
        return Split(np.concatenate(arrays), labels, ids)
    return Split(_Joined(tuple(split.images for split in splits)), labels, ids)


def manifest_hash(splits: Mapping[str, Split]) -> str:
    """64 hex digits over (split, id, label): ids are hashes of the images, so this fixes every byte and label."""
    manifest = {name: sorted(zip(split.ids, split.labels.tolist(), strict=True)) for name, split in splits.items()}
    return hashlib.sha256(canonical_json(manifest)).hexdigest()


def split_by_id(ids: Ids, labels: Int64[np.ndarray, " n"], fractions: Mapping[str, float]) -> dict[str, list[int]]:
    """Indices by split: within each class the images in the order of their ids, cut at the ``fractions``.

    The last split takes the rest. Depends on ids and labels alone: on no seed, and not on the stored order.
    """
    *first, last = fractions
    chosen: dict[str, list[int]] = {name: [] for name in fractions}
    for label in np.unique(labels):
        members = sorted(np.flatnonzero(labels == label).tolist(), key=lambda index: ids[index])
        start = 0
        for name in first:
            end = start + round(fractions[name] * len(members))
            chosen[name] += members[start:end]
            start = end
        chosen[last] += members[start:]
    return {name: sorted(indices, key=lambda index: ids[index]) for name, indices in chosen.items()}


def distinct_ids(hashes: Iterable[str], labels: Int64[np.ndarray, " n"]) -> list[str]:
    """The hashes as ids of their own: an image that is there again is called HASH#2, HASH#3, by rising label.

    Published sets hold some files twice, at times with two labels (ImageNet's "sunglass" and "sunglasses").

    >>> distinct_ids(["b", "a", "b"], np.array([1, 0, 0]))
    ['b#2', 'a', 'b']
    """
    ids = list(hashes)
    seen: dict[str, int] = {}
    for index in np.argsort(labels, kind="stable").tolist():
        count = seen[ids[index]] = seen.get(ids[index], 0) + 1
        if count > 1:
            ids[index] = f"{ids[index]}#{count}"
    return ids


class LazyIds:
    """Ids that are worked out when the first of them is looked at."""

    def __init__(self, length: int, compute: Callable[[], Iterable[str]]) -> None:
        self._length = length
        self._compute = compute

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int, /) -> str:
        return self._all[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    @cached_property
    def _all(self) -> tuple[str, ...]:
        return tuple(self._compute())


@dataclass(frozen=True)
class _Selection:
    images: Images
    rows: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w c"]:
        return self.images[int(self.rows[index])]


@dataclass(frozen=True)
class _Joined:
    parts: tuple[Images, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w c"]:
        for part in self.parts:
            if index < len(part):
                return part[index]
            index -= len(part)
        raise IndexError(index)


def _at(ids: Ids, rows: Int64[np.ndarray, " n"]) -> list[str]:
    return [ids[int(row)] for row in rows]
