"""A few images that methods look at: from anywhere, chosen without reading the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ..core.data_names import data_name
from ..errors import CalibrationError
from ._augmentation import shuffled
from ._encoded import EncodedImages, encoded_split
from ._images import ImageData, Split, manifest_hash

_SEED = 0
_FEWEST = 2


@dataclass(frozen=True)
class CalibrationData:
    """Images with labels, of any classes: ``available`` were there to choose from."""

    spec: str
    class_names: tuple[str, ...]
    split: Split
    available: int

    @cached_property
    def sha256(self) -> str:
        """The manifest hash of the chosen images. The first look reads these once."""
        return manifest_hash({"calibration": self.split})


def load_calibration(spec: str, images: int) -> CalibrationData:
    """``images`` images of the training split that ``spec`` names, or all where there are fewer; always the same ones.

    Of ``hub:OWNER/NAME@REVISION`` the training split alone is downloaded. ``folder:PATH`` may also be one without
    splits, whose class folders lie in it directly (such as ``imagenet/train``), and then all of its images are there to
    choose from. Raises :class:`CalibrationError` for fewer than two images, and what :func:`zoo.data.load_data` raises.
    """
    from . import load_data

    kind, _, selection = data_name(spec).partition(":")
    if kind == "folder":
        spec, names, split = _folder(selection)
    else:
        data = _of_hub(selection) if kind == "hub" else load_data(spec)
        spec, names, split = data.spec, data.class_names, data.splits["train"]
    if len(split) < _FEWEST:
        raise CalibrationError(f"{spec} holds {len(split)} images to calibrate on.", "Some hundreds are usual.")
    rows = shuffled(len(split), _SEED, 0)[:images]
    return CalibrationData(spec, names, _chosen(split, rows), len(split))


def _folder(selection: str) -> tuple[str, tuple[str, ...], Split]:
    from ._splits import split_name
    from .folder import class_folders, read_split, subfolders

    root = Path(selection).expanduser().absolute()
    if not root.is_dir():
        raise CalibrationError(f"There is no folder {root}.", "It holds a folder for each class, with images in it.")
    inside = [path for path in subfolders(root) if split_name(path.name) == "train"]
    images = inside[0] if inside else root
    names = class_folders(images)
    return f"folder:{root}", names, read_split(images, names)


def _of_hub(selection: str) -> ImageData:
    """The training split alone: the others may be absent, and are not downloaded."""
    from .hub import HubSource, load_hub

    source = HubSource.parse(selection)
    return load_hub(replace(source, splits={"train": source.splits.get("train", "train")}))


def _chosen(split: Split, rows: Int64[np.ndarray, " n"]) -> Split:
    if isinstance(split.images, EncodedImages):
        return encoded_split(_Chosen(split.images, rows), split.labels[rows])
    return split.select(rows.tolist())


class _Chosen(EncodedImages):
    """Some of the images, so that only they are hashed."""

    def __init__(self, images: EncodedImages, rows: Int64[np.ndarray, " n"]) -> None:
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return len(self._rows)

    def name(self, index: int) -> str:
        return self._images.name(int(self._rows[index]))

    def read(self, index: int) -> bytes:
        return self._images.read(int(self._rows[index]))

    def state(self) -> str:
        rows: Sequence[int] = self._rows.tolist()
        return f"{rows} of {self._images.state()}"
