"""The handwritten digits that come with scikit-learn: 1,797 real images of 8×8 pixels; no download.

They are the test part of the UCI "Optical Recognition of Handwritten Digits". ``digits:0-4`` selects classes. The
split is 50 % training, 15 % validation and 35 % test within each class, in the order of the SHA-256 of the pixels: it
depends on the images alone, not on the order in which they are stored, and on no seed.
"""

import hashlib
import re
from functools import cache
from importlib.metadata import distribution

import numpy as np
from jaxtyping import Int64, UInt8

from ..core.errors import UsageError
from ..errors import DataMismatchError
from . import SOURCES
from ._images import ImageData, Split, manifest_hash, split_by_id

_FILE = "sklearn/datasets/data/digits.csv.gz"

FRACTIONS = {"train": 0.50, "validation": 0.15, "test": 0.35}

# manifest_hash of all ten classes, from scikit-learn 1.9.1; the UCI file has not changed since 1998.
ALL_DIGITS_SHA256 = "e7a6eed58c3c27b9234007c27b01390ba01df48a87c70978d3d66f8ce975c580"


@SOURCES.register("digits")
@cache
def digits(selection: str) -> ImageData:
    """The digits ``a-b``, labelled from 0 in ascending order; raises :class:`UsageError` for another selection."""
    match = re.fullmatch(r"([0-9])-([0-9])", selection)
    if match is None or match[1] >= match[2]:
        raise UsageError(f"'digits:{selection}' selects no digits.", "Give a range such as digits:0-4.")
    first, last = int(match[1]), int(match[2])
    images, labels = _bundled()
    splits = split_by_content(images, labels, range(first, last + 1))
    return ImageData(
        name=f"Handwritten digits {first}-{last}",
        spec=f"digits:{selection}",
        class_names=tuple(str(digit) for digit in range(first, last + 1)),
        splits=splits,
        licence="CC-BY-4.0",
        citation="E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning "
        "Repository. doi:10.24432/C50P49",
    )


def split_by_content(
    images: UInt8[np.ndarray, "n h w c"], labels: Int64[np.ndarray, " n"], classes: range
) -> dict[str, Split]:
    """Stratified splits in the order of the images' hashes; labels are counted from the first of ``classes``."""
    ids = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    members = np.flatnonzero(np.isin(labels, classes))
    chosen = split_by_id([ids[index] for index in members], labels[members], FRACTIONS)
    splits = {}
    for name, indices in chosen.items():
        order = members[indices]
        arrays = images[order], labels[order] - classes.start
        for array in arrays:
            array.flags.writeable = False
        splits[name] = Split(*arrays, tuple(ids[index] for index in order))
    return splits


@cache
def _bundled() -> tuple[UInt8[np.ndarray, "n 8 8 1"], Int64[np.ndarray, " n"]]:
    # The file itself: importing scikit-learn to read it would cost every process more than a second.
    table = np.loadtxt(str(distribution("scikit-learn").locate_file(_FILE)), delimiter=",")
    images = np.rint(table[:, :-1] * (255.0 / 16.0)).astype(np.uint8).reshape(-1, 8, 8, 1)  # 17 grey levels to 0-255
    labels = table[:, -1].astype(np.int64)
    found = manifest_hash(split_by_content(images, labels, range(10)))
    if found != ALL_DIGITS_SHA256:
        raise DataMismatchError(
            f"The digits of this scikit-learn are not the expected ones (hash {found[:12]}, "
            f"expected {ALL_DIGITS_SHA256[:12]}).",
            "Install a release of scikit-learn that carries the UCI digits unchanged.",
        )
    return images, labels
