"""Which part of a data set is which, from the names that people give the parts."""

import re
from collections.abc import Mapping
from typing import TypeVar

from ..errors import DataMismatchError

T = TypeVar("T")

_NAMES = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
_WORD = re.compile(rf"(?<![a-z])({'|'.join(_NAMES)})(?![a-z])", re.IGNORECASE)


def split_name(name: str) -> str | None:
    """The split that a folder, or a split of somebody else's, is called by; None where it is none of ours.

    >>> split_name("val"), split_name("n01440764")
    ('validation', None)
    """
    return _NAMES.get(name.lower())


def split_in(file_name: str) -> str | None:
    """The split that a file's name mentions as a word of its own.

    >>> split_in("imagenet1k-validation-00.tar"), split_in("trains.tar")
    ('validation', None)
    """
    found = {_NAMES[word.lower()] for word in _WORD.findall(file_name)}
    return found.pop() if len(found) == 1 else None


def held_out(parts: Mapping[str, T]) -> dict[str, T]:
    """Numbers are reported on "test": where only a validation split is held out, as for ImageNet, it takes the place.

    Raises :class:`DataMismatchError` without a train split or without any held-out one.
    """
    if "train" not in parts or len(parts) < 2:
        raise DataMismatchError(
            f"Expected a train split and one that is held out (val or test), got {sorted(parts) or 'neither'}."
        )
    if "test" in parts:
        return dict(parts)
    return {"train": parts["train"], "test": parts["validation"]}
