"""Published shifted sets in miniature: folders, file names and columns of the real archives, small pictures in them.

==================  ==================================================================================================
set                 layout
==================  ==================================================================================================
ImageNet-C          noise.tar, blur.tar ... each unpack to CORRUPTION/SEVERITY/n01440764/ILSVRC2012_val_00000293.JPEG
ImageNet-C-bar      ImageNet-C-Bar/CORRUPTION/STRENGTH/n01440764/ILSVRC2012_val_00000293.JPEG, strengths as "2.35"
ImageNet-3DCC       CORRUPTION/SEVERITY/n01440764/ILSVRC2012_val_00000293.JPEG, one archive a corruption
ImageNet-A, -R      imagenet-a/n01498041/0.000116_digital clock _ digital clock_0.865662.jpg and a README.txt beside
ImageNet-Sketch     sketch/n01440764/sketch_0.JPEG; or Parquet: image, label (ClassLabel of words)
ImageNet-V2         imagenetv2-matched-frequency-format-val/0/3a3a.jpeg ... /999/, folders called by position
ImageNet-R (Hub)    Parquet, split test: image, wnid, class_name
ImageNet-A (Hub)    Parquet, split train: image, label (ClassLabel of WordNet ids)
ObjectNet           images/alarm_clock/0a1b.png with a red border of one pixel, 313 folders;
                    mappings/folder_to_objectnet_label.json {"alarm_clock": "Alarm clock", ...}
CIFAR-10-C, -100-C  CORRUPTION.npy uint8 (50000, 32, 32, 3): severity 1 first; labels.npy (50000,): five times the same
CIFAR-10.1          cifar10.1_v6_data.npy uint8 (2000, 32, 32, 3), cifar10.1_v6_labels.npy
CIFAR-10.2          cifar102_test.npy: a pickled dictionary of images, labels and more in an array without dimensions
==================  ==================================================================================================
"""

import io
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from miniature import picture
from PIL import Image

from benchmark.shifts import PublishedShift, ShiftTask
from benchmark.tasks import BroughtSets, ImageSet


def write_classes(root: Path, names: Sequence[str], labels: Sequence[int], each: int, file: str = "{}.JPEG") -> None:
    """``each`` pictures in a folder of every name, coloured by its label; ``file`` names them by their number."""
    for name, label in zip(names, labels, strict=True):
        (root / name).mkdir(parents=True)
        for number in range(each):
            (root / name / file.format(f"{label:04d}{number:04d}")).write_bytes(picture(label, number))


def write_corruptions(root: Path, folders: Sequence[str], names: Sequence[str], labels: Sequence[int]) -> None:
    """The folders of conditions, each with the same file names and pictures of its own, two a class."""
    for position, folder in enumerate(folders):
        for name, label in zip(names, labels, strict=True):
            (root / folder / name).mkdir(parents=True)
            for number in range(2):
                file = root / folder / name / f"ILSVRC2012_val_{label:04d}{number:04d}.JPEG"
                file.write_bytes(picture(label, 100 * position + number))


def write_severities(root: Path, corruptions: Sequence[str], n: int, classes: int) -> None:
    """CIFAR-10-C: severity s of image i of the k-th corruption is flat, 40 s + k, and has i in a corner."""
    root.mkdir(parents=True)
    labels = np.arange(n) % classes
    np.save(root / "labels.npy", np.tile(labels, 5).astype(np.int64))
    for k, corruption in enumerate(corruptions):
        images = np.repeat(40 * np.arange(1, 6, dtype=np.uint8) + k, n)[:, None, None, None] * np.ones(
            (1, 32, 32, 3), dtype=np.uint8
        )
        images[:, 0, 0, 0] = np.tile(np.arange(n), 5)
        np.save(root / f"{corruption}.npy", images)


def write_pair(root: Path, n: int, repeat: int = 0) -> None:
    """CIFAR-10.1, its last ``repeat`` images the same as the first."""
    root.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3)).astype(np.uint8)
    images[n - repeat :] = images[:repeat]
    np.save(root / "cifar10.1_v6_data.npy", images)
    np.save(root / "cifar10.1_v6_labels.npy", (np.arange(n) % 10).astype(np.int32))


def write_dictionary(root: Path, n: int) -> None:
    """CIFAR-10.2, with the fields that its README names."""
    root.mkdir(parents=True)
    fields = {
        "images": np.random.default_rng(1).integers(0, 256, (n, 32, 32, 3)).astype(np.uint8),
        "labels": np.arange(n) % 10,
        "label_names": ["airplane", "automobile"],
        "ti_indices": np.arange(n),
        "keywords": ["jet"] * n,
    }
    np.save(root / "cifar102_test.npy", np.array(fields, dtype=object), allow_pickle=True)


def write_objectnet(root: Path, folders: Mapping[str, str], others: Sequence[str], each: int) -> None:
    """``folders`` by label, ``others`` that ImageNet has no class for; pictures are green inside a red border."""
    mapping = {folder: label for label, folder in folders.items()} | {name: name.title() for name in others}
    (root / "mappings").mkdir(parents=True)
    (root / "mappings" / "folder_to_objectnet_label.json").write_text(json.dumps(mapping))
    for position, folder in enumerate(mapping):
        (root / "images" / folder).mkdir(parents=True)
        for number in range(each):
            (root / "images" / folder / f"{number}.png").write_bytes(bordered(position, number))


def bordered(position: int, number: int) -> bytes:
    """A green picture of 20 x 30 pixels with a red border of one pixel."""
    pixels = np.zeros((20, 30, 3), dtype=np.uint8)
    pixels[:] = (255, 0, 0)
    pixels[1:-1, 1:-1] = (position % 256, 200, number)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def parts(shift: ShiftTask) -> BroughtSets:
    """The conditions as they are read where nobody has vouched for them yet."""
    assert isinstance(shift, PublishedShift)
    return BroughtSets(shift.parts, partial(shift.read_part, shift.place()))


def part(shift: ShiftTask, condition: str) -> ImageSet:
    """One of them."""
    return parts(shift)[condition]
