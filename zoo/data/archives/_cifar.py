"""What CIFAR-10 and CIFAR-100 share: all images are one array, and the id of each is the hash of its pixels."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8
from torchvision.datasets import CIFAR10

from .._images import LazyIds, Split, distinct_ids
from . import Contents


def read_cifar(kind: type[CIFAR10], root: Path) -> Contents:
    """Both parts by torchvision, which compares the MD5 of every file."""
    parts = {"train": kind(root, train=True), "test": kind(root, train=False)}
    return Contents(tuple(parts["train"].classes), {name: _split(part) for name, part in parts.items()})


def _split(part: CIFAR10) -> Split:
    labels = np.asarray(part.targets, dtype=np.int64)
    return Split(part.data, labels, LazyIds(len(labels), partial(_ids, part.data, labels)))


def _ids(images: UInt8[np.ndarray, "n h w c"], labels: Int64[np.ndarray, " n"]) -> list[str]:
    return distinct_ids((hashlib.sha256(image.tobytes()).hexdigest() for image in images), labels)
