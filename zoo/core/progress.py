"""Progress bars: on a terminal only, on stderr, so that ``--json`` output stays clean."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` unchanged; draw a bar with an estimate of the time left when stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    length = len(items) if total is None and isinstance(items, Sequence) else total
    yield from rich_track(items, description, total=length, console=Console(stderr=True), transient=True)
