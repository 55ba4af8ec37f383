"""``folder:PATH``: one folder for each class, images in it at any depth.

* Classes are the folders' names, sorted by code point; where every name is a number, by number ("10" after "9").
* ``train``, ``val`` and ``test`` may be folders above the classes (also ``validation``, ``valid``). A single held-out
  folder beside ``train`` is the test split, whatever its name: numbers are reported on it.
* Without such folders every image is put into train (70 %), validation (10 %) or test (20 %) within its class, in the
  order of the SHA-256 of the files: independent of names, order and seed.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ..core.errors import UsageError
from ..errors import DataMismatchError, DataMissingError
from . import SOURCES
from ._encoded import EncodedImages, encoded_split
from ._images import ImageData, Split, split_by_id
from ._splits import held_out, split_name

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}


@SOURCES.register("folder")
def folder(selection: str) -> ImageData:
    """Images below a folder; raises :class:`DataMissingError` where there is none and :class:`DataMismatchError`."""
    if not selection:
        raise UsageError("'folder:' names no folder.", "Write folder:PATH.")
    root = Path(selection).expanduser().absolute()
    parts = {name: path for path in subfolders(root) if (name := split_name(path.name)) is not None}
    if "train" in parts:
        names = class_folders(parts["train"])
        splits = held_out({name: read_split(path, names) for name, path in parts.items()})
    else:
        names = class_folders(root)
        everything = read_split(root, names)
        chosen = split_by_id(everything.ids, everything.labels, FRACTIONS)
        splits = {name: everything.select(indices) for name, indices in chosen.items()}
    return ImageData(
        name=root.name,
        spec=f"folder:{root}",
        class_names=names,
        splits=splits,
        licence="unknown",
        citation=f"images of the folder {root.name}",
    )


class ImageFiles(EncodedImages):
    """Files below ``root`` by their relative names, kept in one array so that worker processes share the memory."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self._root = root
        self._names = np.array([os.fsencode(name) for name in names], dtype=np.bytes_)

    def __len__(self) -> int:
        return len(self._names)

    def path(self, index: int) -> Path:
        """Where the file is."""
        return self._root / os.fsdecode(bytes(self._names[index]))

    def name(self, index: int) -> str:
        return str(self.path(index))

    def read(self, index: int) -> bytes:
        return self.path(index).read_bytes()

    def state(self) -> str:
        return "\n".join([str(self._root), *(self._state_of(index) for index in range(len(self)))])

    def _state_of(self, index: int) -> str:
        try:
            stat = self.path(index).stat()
        except FileNotFoundError:
            return f"{self.name(index)} missing"  # reading it says so
        return f"{self.name(index)} {stat.st_size} {stat.st_mtime_ns}"


def class_folders(root: Path) -> tuple[str, ...]:
    """The class names in their order: by number where all are numbers, else by code point."""
    names = [path.name for path in subfolders(root)]
    if not names:
        raise DataMismatchError(f"{root} holds no folders.", "Expected one folder of images for each class.")
    numbered = all(name.isascii() and name.isdecimal() for name in names)
    return tuple(sorted(names, key=lambda name: (int(name) if numbered else 0, name)))


def read_split(root: Path, classes: Sequence[str]) -> Split:
    """The images of the class folders below ``root``, class by class, files sorted by their path.

    Raises :class:`DataMismatchError` for a class that is missing, is empty, or is not among ``classes``.
    """
    present = {path.name for path in subfolders(root)}
    if surplus := sorted(present - set(classes)):
        raise DataMismatchError(f"{root} has folders that are no classes of the training images: {surplus[:5]}.")
    files: list[str] = []
    labels: list[Int64[np.ndarray, " n"]] = []
    for label, name in enumerate(classes):
        members = image_files(root, name) if name in present else []
        if not members:
            raise DataMismatchError(f"{root / name} holds no images.", f"Known: {', '.join(EXTENSIONS)}.")
        files += members
        labels.append(np.full(len(members), label, dtype=np.int64))
    return encoded_split(ImageFiles(root, files), np.concatenate(labels))


def image_files(root: Path, below: str = "") -> list[str]:
    """Images below ``root / below`` at any depth, relative to ``root`` and sorted; hidden files are left out."""
    found = []
    for folder_name, folders, files in os.walk(root / below, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        prefix = os.path.relpath(folder_name, root)
        found += [
            f"{prefix}/{name}" for name in files if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    return sorted(name.removeprefix("./") for name in found)


def subfolders(root: Path) -> list[Path]:
    """The folders in ``root`` but hidden ones; raises :class:`DataMissingError` where it is no folder."""
    if not root.is_dir():
        raise DataMissingError(f"There is no folder {root}.", "Name the folder that holds the images.")
    return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
