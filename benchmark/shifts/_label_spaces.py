"""Which of ImageNet's classes count on the sets that show only some of them; the lists are in ``label_spaces.json``."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


def label_space(name: str) -> tuple[int, ...]:
    """The classes of ``imagenet-a``, ``imagenet-r`` or ``objectnet``, in rising order."""
    entry = _spaces()[name]
    return tuple(sorted({index for indices in entry.values() for index in indices} if name == "objectnet" else entry))


def objectnet_labels() -> dict[str, tuple[int, ...]]:
    """ImageNet's classes of each of the 113 labels that ObjectNet shares with it, by label in alphabetical order."""
    return {name: tuple(indices) for name, indices in sorted(_spaces()["objectnet"].items())}


@cache
def _spaces() -> dict[str, Any]:
    spaces: dict[str, Any] = json.loads(files(__package__).joinpath("label_spaces.json").read_text(encoding="utf-8"))
    return spaces
