"""Which of a user's images train, which choose, and which are tested: made once, by class and seed, and stored."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.progress import track
from zoo.data import ImageData, Split, load_data, manifest_hash
from zoo.data.folder import class_folders, read_split, subfolders
from zoo.errors import DataMismatchError

FRACTIONS = {"test": 0.2, "validation": 0.1}
FEWEST_IN_A_CLASS = 4  # one to test, one to choose, two to learn from
_VALIDATION_OF_TRAIN = 0.125  # a tenth of all, where the test images are given
_FEW_TEST_IMAGES = 100


@dataclass(frozen=True)
class OwnImages:
    """The images of ``splits`` ("train", "validation", "test"); ``made`` says by whom they were divided."""

    name: str
    spec: str
    class_names: tuple[str, ...]
    splits: Mapping[str, Split]
    made: str
    seed: int
    warnings: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Over every split, image and label."""
        return manifest_hash(self.splits)

    def document(self) -> dict[str, Any]:
        """What is stored: the split of every image by the SHA-256 of its file, as JSON types."""
        return {
            "schema": "prunarium split 1",
            "made": self.made,
            "seed": self.seed,
            "sha256": self.sha256,
            "class_names": list(self.class_names),
            "counts": {name: list(split.histogram(len(self.class_names))) for name, split in self.splits.items()},
            "images": {
                name: dict(sorted(zip(split.ids, split.labels.tolist(), strict=True)))
                for name, split in self.splits.items()
            },
        }


def own_images(spec: str, seed: int) -> OwnImages:
    """The images at ``spec`` (``folder:PATH``, or any other address of :mod:`zoo.data`), every one decoded once.

    Splits that are there are kept; a folder of classes is divided by class, in the order of the SHA-256 of
    ``seed|image``. Raises :class:`~zoo.errors.DataMismatchError` for a single class and for too few images of a class,
    and :class:`~zoo.errors.CorruptImageError` that names the file.
    """
    whole = _undivided(spec)
    if whole is None:
        data = load_data(spec)
        splits = _with_validation(data, seed)
        made, copies = "the splits that the data have", 0
    else:
        data, everything = whole
        splits = divided(everything, FRACTIONS, seed)
        made, copies = (
            "by class, in the order of the SHA-256 of seed|image: test 20 %, validation 10 %",
            _copies(everything),
        )
    _require_enough(data.class_names, splits)
    for name, split in splits.items():
        for index in track(range(len(split)), f"Looking at the {name} images"):
            split.images[index]
    return OwnImages(data.name, data.spec, data.class_names, splits, made, seed, tuple(_warnings(splits, copies)))


def divided(split: Split, fractions: Mapping[str, float], seed: int, rest: str = "train") -> dict[str, Split]:
    """Parts of each class by the SHA-256 of ``seed|image``: at least one image each, what is left over is ``rest``.

    Copies of one image go together, also where they have two labels: none is learnt from and tested on.
    """
    images = [str(image_id).partition("#")[0] for image_id in split.ids]
    part: dict[str, str] = {}
    for label in np.unique(split.labels):
        mine = {images[row] for row in np.flatnonzero(split.labels == label)}
        fresh = sorted(mine - part.keys(), key=lambda image: hashlib.sha256(f"{seed}|{image}".encode()).digest())
        start = 0
        for name, fraction in fractions.items():
            end = start + max(1, round(fraction * len(fresh)))
            part |= dict.fromkeys(fresh[start:end], name)
            start = end
        part |= dict.fromkeys(fresh[start:], rest)
    rows: dict[str, list[int]] = {name: [] for name in (rest, *fractions)}
    for row, image in enumerate(images):
        rows[part[image]].append(row)
    return {name: split.select(chosen) for name, chosen in rows.items()}


def _undivided(spec: str) -> tuple[ImageData, Split] | None:
    """A folder of classes without folders of splits above them, and all its images."""
    kind, _, path = spec.partition(":")
    if kind != "folder" or not path:
        return None
    root = Path(path).expanduser().absolute()
    if any(folder.name.lower() == "train" for folder in subfolders(root)):
        return None
    names = class_folders(root)
    data = ImageData(root.name, f"folder:{root}", names, {}, "unknown", f"images of the folder {root.name}")
    if len(names) < 2:
        return data, Split(np.zeros((0, 1, 1, 3), dtype=np.uint8), np.zeros(0, dtype=np.int64), ())
    return data, read_split(root, names)


def _with_validation(data: ImageData, seed: int) -> Mapping[str, Split]:
    missing = {"train", "test"} - set(data.splits)
    if missing:
        raise DataMismatchError(f"{data.spec} has no {' and no '.join(sorted(missing))} images.")
    if "validation" in data.splits:
        return data.splits
    return {**data.splits, **divided(data.splits["train"], {"validation": _VALIDATION_OF_TRAIN}, seed)}


def _require_enough(class_names: Sequence[str], splits: Mapping[str, Split]) -> None:
    if len(class_names) < 2:
        raise DataMismatchError(
            f"There is one class, {class_names[0]}: nothing to tell apart.",
            "Put the images of each class into a folder of its own.",
        )
    for name, least in (("train", 2), ("validation", 1), ("test", 1)):
        counts = splits[name].histogram(len(class_names))
        few = [f"{label} ({count})" for label, count in zip(class_names, counts, strict=True) if count < least]
        if few and name != "validation":
            raise DataMismatchError(
                f"Too few {name} images of {', '.join(few[:5])}: expected {least} at least.",
                f"A class needs {FEWEST_IN_A_CLASS} different images; with fewer nothing can be learnt and tested.",
            )


def _warnings(splits: Mapping[str, Split], copies: int) -> list[str]:
    found = []
    if copies:
        found.append(f"{copies} images are there more than once; copies are in the same split.")
    if (tested := len(splits["test"])) < _FEW_TEST_IMAGES:
        found.append(f"There are only {tested} test images: the intervals will be wide.")
    return found


def _copies(split: Split) -> int:
    counted = Counter(str(image_id).partition("#")[0] for image_id in split.ids)
    return sum(count - 1 for count in counted.values())
