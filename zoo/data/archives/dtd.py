"""Describable Textures, the first of its ten splits; training and validation images together train."""

from functools import partial
from pathlib import Path

from torchvision.datasets import DTD

from . import ARCHIVES, Archive, Contents, file_split


def _read(root: Path) -> Contents:
    train, validation, test = (DTD(root, name, partition=1) for name in ("train", "val", "test"))
    splits = {
        "train": file_split(root, train._image_files + validation._image_files, train._labels + validation._labels),
        "test": file_split(root, test._image_files, test._labels),
    }
    return Contents(tuple(train.classes), splits)


ARCHIVES.register("dtd")(
    Archive(
        _read,
        "dtd/dtd with images/ and labels/train1.txt, val1.txt, test1.txt",
        "https://www.robots.ox.ac.uk/~vgg/data/dtd/",
        partial(DTD, download=True),
    )
)
