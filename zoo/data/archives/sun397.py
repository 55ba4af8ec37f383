"""SUN397 by the first of its ten official partitions, 50 images of each class in either part.

torchvision reads the archive without a split, so that the lists are read here.
"""

from pathlib import Path

from torchvision.datasets import SUN397
from torchvision.datasets.utils import download_and_extract_archive

from . import ARCHIVES, Archive, Contents, file_split

PARTITIONS = "https://vision.princeton.edu/projects/2010/SUN/download/Partitions.zip"
LISTS = {"train": "Training_01.txt", "test": "Testing_01.txt"}


def _read(root: Path) -> Contents:
    images = root / "SUN397"
    classes = [line[3:].strip() for line in (images / "ClassName.txt").read_text(encoding="utf-8").split()]
    position = {name: label for label, name in enumerate(classes)}
    splits = {}
    for part, name in LISTS.items():
        paths = (root / name).read_text(encoding="utf-8").split()
        # "/a/apartment_building/outdoor/sun_x.jpg": a letter, the class, the file.
        labels = [position["/".join(path.strip("/").split("/")[1:-1])] for path in paths]
        splits[part] = file_split(root, [images / path.lstrip("/") for path in paths], labels)
    return Contents(tuple(classes), splits)


def _download(root: Path) -> None:
    SUN397(root, download=True)
    download_and_extract_archive(PARTITIONS, str(root))


ARCHIVES.register("sun397")(
    Archive(
        _read,
        "SUN397/ClassName.txt, SUN397/a/abbey/sun_*.jpg, and from Partitions.zip Training_01.txt and Testing_01.txt",
        "https://vision.princeton.edu/projects/2010/SUN/",
        _download,
    )
)
