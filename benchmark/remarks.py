"""What happened on the way to a result and is no part of it: a cached file that was damaged, a batch that was halved.

Two runs of one job may differ in their remarks, as they do in seconds; they are kept with the attempt's resources.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_heard: ContextVar[dict[str, list[str]] | None] = ContextVar("remarks", default=None)


def remark(subject: str, text: str) -> None:
    """Keep a remark for whoever is listening; nobody need be."""
    found = _heard.get()
    if found is not None:
        found.setdefault(subject, []).append(text)


@contextmanager
def remarks() -> Iterator[dict[str, list[str]]]:
    """Yields what is remarked inside the block, by subject."""
    found: dict[str, list[str]] = {}
    token = _heard.set(found)
    try:
        yield found
    finally:
        _heard.reset(token)
