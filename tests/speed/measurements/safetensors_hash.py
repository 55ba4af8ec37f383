"""Reading a checkpoint and knowing which one it is."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from zoo.checkpoint.safetensors_file import read_tensors
from zoo.core.hashing import densified_hash

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

TENSORS, ELEMENTS = 51, 500_000
FLOOR = "safetensors.numpy.load_file + SHA-256 of the file"


def ours(path: Path) -> tuple[int, str]:
    tensors = read_tensors(path)
    return len(tensors), densified_hash(tensors)


def floor(path: Path) -> tuple[int, str]:
    tensors = load_file(path)
    with path.open("rb") as file:
        return len(tensors), hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    path = folder / "model.safetensors"
    generator = np.random.default_rng(0)
    save_file(
        {f"layer{i:02}.weight": generator.standard_normal(ELEMENTS, dtype=np.float32) for i in range(TENSORS)}, path
    )
    yield Contest(Side(lambda: ours(path)), {FLOOR: Side(lambda: floor(path))}, agree)


def agree(answers: Mapping[str, Any]) -> None:
    if answers[OURS][0] != answers[FLOOR][0]:
        raise DisagreementError(f"{answers[OURS][0]} tensors against {answers[FLOOR][0]}")


MEASUREMENTS.register("safetensors_hash")(
    Measurement(
        title="Read and hash safetensors",
        ours="read_tensors + densified_hash",
        against={FLOOR: "limit"},
        compared="A file of 102 MB in the page cache, to tensors in memory and a SHA-256. Both hash all "
        "bytes once; the limit "
        "reads the file twice, ours judges the header and hashes each tensor with its name, dtype and shape.",
        unit="102 MB",
        repeats=7,
        prepare=prepare,
    )
)
