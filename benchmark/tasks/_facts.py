"""Class names and label histograms of data sets, too long to be written into a task's own file: ``facts/NAME.json``.

Each file says where its names and its counts come from.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ._manifest import SplitFacts


def class_names(name: str) -> tuple[str, ...]:
    """The classes of a data set in their order."""
    return tuple(_facts(name)["class_names"])


def split_facts(name: str, **sizes: int) -> dict[str, SplitFacts]:
    """Splits of the given sizes, with the histograms that are known."""
    known = _facts(name)
    return {split: SplitFacts(n, tuple(known[split]) if split in known else None) for split, n in sizes.items()}


@cache
def _facts(name: str) -> Any:
    return json.loads(files(__package__).joinpath("facts", f"{name}.json").read_text(encoding="utf-8"))
