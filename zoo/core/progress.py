"""Progress bars: on a terminal only, on stderr, so that ``--json`` output stays clean."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def counting(description: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call after each of ``total`` things that end in their own time (workers, downloads)."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def counting_bytes(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (bytes done, bytes newly expected): one bar for everything, with speed and time left."""
    if not sys.stderr.isatty():
        yield lambda _done, _more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=0)
        expected = 0

        def report(done: int, more: int) -> None:
            nonlocal expected
            expected += more
            progress.update(task, advance=done, total=expected)

        yield report
