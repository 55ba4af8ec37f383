"""Progress bars: on a terminal only, on stderr, so that ``--json`` output stays clean."""

import sys
import time
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


@contextmanager
def following(description: str) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function of (steps done, steps of all, news) for one long run, with the time left.

    On a terminal a bar; elsewhere, such as in the log of a cluster, a line for each piece of news.
    """
    if not sys.stderr.isatty():
        yield _lines(description)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(
        *columns, TextColumn("{task.fields[news]}"), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task(description, total=None, news="", visible=False)
        # rich guesses the speed from what it saw: begin at the step from which the run goes on
        yield lambda done, total, news: progress.update(task, completed=done, total=total, news=news, visible=True)


def _lines(description: str) -> Callable[[int, int, str], None]:
    began: tuple[float, int] | None = None
    last = ""

    def follow(done: int, total: int, news: str) -> None:
        nonlocal began, last
        if began is None:
            began, last = (time.monotonic(), done), news  # what is said already at first was news before
            if done > 1:
                sys.stderr.write(f"{description} goes on after step {done - 1} of {total}.\n")
        if news != last and done > began[1]:
            left = (time.monotonic() - began[0]) / (done - began[1]) * (total - done)
            sys.stderr.write(f"{description}: {news}, {_clock(left)} left\n")
            sys.stderr.flush()
            last = news

    return follow


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds, as 1:02:03.

    >>> _clock(3723.4)
    '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
