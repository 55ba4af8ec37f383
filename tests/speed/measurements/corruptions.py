"""Corrupted images, many at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.corruptions import CORRUPTIONS, corrupt

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

SEVERITY = 3
ONE_BY_ONE = "the same code, one image at a time"


def all_at_once(images: np.ndarray, ids: list[str]) -> np.ndarray:
    return np.stack([corrupt(images, ids, name, SEVERITY) for name in CORRUPTIONS])


def one_by_one(images: np.ndarray, ids: list[str]) -> np.ndarray:
    return np.stack(
        [
            np.concatenate([corrupt(images[i : i + 1], ids[i : i + 1], name, SEVERITY) for i in range(len(ids))])
            for name in CORRUPTIONS
        ]
    )


@contextmanager
def prepare(folder: Path, shape: tuple[int, int, int, int]) -> Iterator[Contest]:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    ids = [f"image-{i}" for i in range(len(images))]
    count = len(images) * len(CORRUPTIONS)
    yield Contest(
        Side(lambda: all_at_once(images, ids), count), {ONE_BY_ONE: Side(lambda: one_by_one(images, ids), count)}, agree
    )


def agree(answers: Mapping[str, Any]) -> None:
    # Not equal to the bit: a batched product may round another way.
    if np.abs(answers[OURS].astype(int) - answers[ONE_BY_ONE].astype(int)).max() > 1:
        raise DisagreementError("an image depends on its batch")


def _register(name: str, title: str, shape: tuple[int, int, int, int], repeats: int) -> None:
    count, *sides = shape
    MEASUREMENTS.register(name)(
        Measurement(
            title=title,
            ours="benchmark.corruptions.corrupt",
            against={ONE_BY_ONE: "peer"},
            compared=f"{count} images of {' × '.join(map(str, sides))}, every corruption that there is at "
            f"severity {SEVERITY}; "
            "each image has its own generator on both sides.",
            unit="image and corruption",
            repeats=repeats,
            prepare=partial(prepare, shape=shape),
        )
    )


_register("corruptions_small", "Corruptions, 8 × 8", (1000, 8, 8, 1), 5)
_register("corruptions_large", "Corruptions, 224 × 224", (12, 224, 224, 3), 5)
