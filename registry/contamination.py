"""What a model was trained on, as its makers declare it, and the tasks that it has therefore seen before."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_SEPARATORS: Final = re.compile(r"\s*[,;+&]\s*|\s+and\s+")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
# How data sets are called whose tasks have shorter names here.
_TASKS: Final = {
    "fgvcaircraft": "aircraft", "stanfordcars": "cars", "oxfordiiitpet": "pets", "oxfordiiitpets": "pets",
    "oxfordpets": "pets", "oxfordflowers": "flowers102", "oxfordflowers102": "flowers102", "flowers": "flowers102",
    "describabletextures": "dtd", "food": "food101", "sun": "sun397",
}  # fmt: skip


def named_data(declared: str | None) -> tuple[str, ...]:
    """The data sets of a declaration, in its order, in lower case, each once.

    >>> named_data("ImageNet-1k, CIFAR-10 and Stanford Cars")
    ('imagenet-1k', 'cifar-10', 'stanford cars')
    """
    parts = (part.strip(" .").lower() for part in _SEPARATORS.split(declared or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def seen_tasks(data: Iterable[str], tasks: Mapping[str, str]) -> dict[str, str]:
    """The tasks (``name@version`` -> name) whose data are among ``data``, each with what it is called there.

    A declaration names data sets and not their parts, so that the images of the test may be among them.

    >>> seen_tasks(["imagenet-1k", "CIFAR-10"], {"cifar10@1": "cifar10", "pets@1": "pets"})
    {'cifar10@1': 'CIFAR-10'}
    """
    # On hubs a data set's name has its owner in front.
    plain = ((_plain(one.rpartition("/")[2]), one) for one in data)
    called = {_TASKS.get(name, name): one for name, one in plain}
    return {ref: called[_plain(name)] for ref, name in tasks.items() if _plain(name) in called}


def warning(seen: Mapping[str, str]) -> str | None:
    """One sentence for :func:`seen_tasks`; None where nothing was seen."""
    if not seen:
        return None
    data = ", ".join(dict.fromkeys(seen.values()))
    return f"Declared to have been trained on {data}: its numbers on {', '.join(seen)} show no transfer."


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("", name.lower())
