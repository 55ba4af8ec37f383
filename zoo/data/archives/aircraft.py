"""FGVC-Aircraft 2013b, by variant; training and validation images together train."""

from functools import partial
from pathlib import Path

from torchvision.datasets import FGVCAircraft

from . import ARCHIVES, Archive, Contents, file_split

PARTS = {"train": "trainval", "test": "test"}


def _read(root: Path) -> Contents:
    parts = {name: FGVCAircraft(root, theirs) for name, theirs in PARTS.items()}
    splits = {name: file_split(root, part._image_files, part._labels) for name, part in parts.items()}
    return Contents(tuple(parts["train"].classes), splits)


ARCHIVES.register("aircraft")(
    Archive(
        _read,
        "fgvc-aircraft-2013b/data with images/, variants.txt, images_variant_trainval.txt, images_variant_test.txt",
        "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
        partial(FGVCAircraft, download=True),
    )
)
