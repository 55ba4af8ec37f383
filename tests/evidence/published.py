"""What papers report for ResNet-50 on ImageNet, from ``registry/reported/published_imagenet_sparse.csv``."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).resolve().parents[2] / "registry" / "reported" / "published_imagenet_sparse.csv"
NEAR = 0.013  # STR's sparsities are outcomes: 81.27, 90.23, 95.15, 98.05

# The rows of the file that were made as our method makes models by default. A method without a row has none to show.
ROWS: Mapping[str, str] = {
    "ac-dc": "AC/DC global",
    "gmp": "Global magnitude gradual (WoodFisher schedule), last epoch",
    "gradual-random": "Random gradual pruning (State of Sparsity)",
    "itop": "RigL-ITOP",
    "lottery-ticket": "Lottery ticket, reset to init (State of Sparsity)",
    "random": "jaxpruner static sparse",
    "rigl": "RigL ERK 1x",
    "set": "jaxpruner SET",
    "snfs": "SNFS sparse momentum (tuned, all layers sparse)",
    "str": "STR",
    "woodfisher": "WoodFisher joint gradual, last epoch",
}


class Reported(NamedTuple):
    """``top1`` in per cent, that of the dense network as it is printed ("not given" where it is not), the source."""

    top1: float
    dense: str
    source: str


def reported(method: str, target: float) -> Reported | None:
    """The number for ResNet-50 at (about) a sparsity; None where nobody published one."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            ours = row["backbone"] == "ResNet50" and row["method"] == ROWS.get(method)
            if ours and abs(float(row["sparsity"]) - target) <= NEAR:
                return Reported(float(row["top1"]), row["dense_top1"] or "not given", row["source"])
    return None
