"""Food-101: 750 images of each class train, as they come, wrong labels included."""

from functools import partial
from pathlib import Path

from torchvision.datasets import Food101

from . import ARCHIVES, Archive, Contents, file_split


def _read(root: Path) -> Contents:
    parts = {name: Food101(root, name) for name in ("train", "test")}
    splits = {name: file_split(root, part._image_files, part._labels) for name, part in parts.items()}
    return Contents(tuple(parts["train"].classes), splits)


ARCHIVES.register("food101")(
    Archive(
        _read,
        "food-101 with images/ and meta/train.json, meta/test.json",
        "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        partial(Food101, download=True),
    )
)
