"""Oxford Flowers-102; training and validation images (ten each of a class) together train."""

from functools import partial
from pathlib import Path

from torchvision.datasets import Flowers102

from . import ARCHIVES, Archive, Contents, file_split


def _read(root: Path) -> Contents:
    train, validation, test = (Flowers102(root, name) for name in ("train", "val", "test"))
    splits = {
        "train": file_split(root, train._image_files + validation._image_files, train._labels + validation._labels),
        "test": file_split(root, test._image_files, test._labels),
    }
    # The archive numbers its classes and does not name them.
    return Contents(tuple(str(label) for label in range(1, max(test._labels) + 2)), splits)


ARCHIVES.register("flowers102")(
    Archive(
        _read,
        "flowers-102 with jpg/, imagelabels.mat and setid.mat",
        "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        partial(Flowers102, download=True),
    )
)
