"""Ids that differ."""

from collections import Counter
from collections.abc import Iterable, Iterator


def distinct(ids: Iterable[str]) -> Iterator[str]:
    """``ids`` with a number behind those that came before: some published sets hold an image twice.

    >>> list(distinct(["a", "b", "a", "a"]))
    ['a', 'b', 'a#2', 'a#3']
    """
    seen: Counter[str] = Counter()
    for image_id in ids:
        seen[image_id] += 1
        yield image_id if seen[image_id] == 1 else f"{image_id}#{seen[image_id]}"
