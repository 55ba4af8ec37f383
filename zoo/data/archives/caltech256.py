"""Caltech-256 with its clutter class: the first 60 files of each class train, as in the transfer studies."""

from pathlib import Path

from torchvision.datasets import Caltech256

from . import ARCHIVES, Archive, Contents, first_of_each_class

TRAIN_PER_CLASS = 60


def _read(root: Path) -> Contents:
    images = root / "caltech256" / "256_ObjectCategories"
    classes = sorted(path.name for path in images.iterdir() if path.is_dir())
    return first_of_each_class(images, classes, TRAIN_PER_CLASS)


ARCHIVES.register("caltech256")(
    Archive(
        _read,
        "caltech256/256_ObjectCategories/001.ak47/001_0001.jpg",
        "https://data.caltech.edu/records/nyy15-4j048",
        lambda root: Caltech256(root, download=True),
    )
)
