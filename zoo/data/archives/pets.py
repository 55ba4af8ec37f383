"""Oxford-IIIT Pets, by breed."""

from functools import partial
from pathlib import Path

from torchvision.datasets import OxfordIIITPet

from . import ARCHIVES, Archive, Contents, file_split

PARTS = {"train": "trainval", "test": "test"}


def _read(root: Path) -> Contents:
    parts = {name: OxfordIIITPet(root, theirs) for name, theirs in PARTS.items()}
    splits = {name: file_split(root, part._images, part._labels) for name, part in parts.items()}
    return Contents(tuple(parts["train"].classes), splits)


ARCHIVES.register("pets")(
    Archive(
        _read,
        "oxford-iiit-pet with images/ and annotations/trainval.txt, annotations/test.txt",
        "https://www.robots.ox.ac.uk/~vgg/data/pets/",
        partial(OxfordIIITPet, download=True),
    )
)
