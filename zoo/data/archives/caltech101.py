"""Caltech-101 without its background class: the first 30 files of each class train, as in the transfer studies."""

from pathlib import Path

from torchvision.datasets import Caltech101

from . import ARCHIVES, Archive, Contents, first_of_each_class

TRAIN_PER_CLASS = 30


def _read(root: Path) -> Contents:
    images = root / "caltech101" / "101_ObjectCategories"
    classes = sorted(path.name for path in images.iterdir() if path.is_dir() and path.name != "BACKGROUND_Google")
    return first_of_each_class(images, classes, TRAIN_PER_CLASS)


ARCHIVES.register("caltech101")(
    Archive(
        _read,
        "caltech101/101_ObjectCategories/CLASS/image_0001.jpg",
        "https://data.caltech.edu/records/mzrjq-6wc02",
        lambda root: Caltech101(root, download=True),
    )
)
