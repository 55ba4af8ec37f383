"""The site over hundreds of models: what a page costs the server, what it weighs, how soon a reader sees a sort."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from large_catalogues import large_catalogue
from site_server import running_site
from sqlalchemy import Engine

from leaderboard.app import create_app
from leaderboard.catalogue import CatalogueCache

CHROMIUM = Path("/usr/bin/chromium")
MODELS = (500, 2000)
ROWS = {500: (100, 500), 2000: (100, 1000)}
REQUESTS, CHANGES, SORTS = 40, 3, 9
COMPARED = ("dense/resnet50/0.00", *(f"method-{number:02}/resnet50/0.90" for number in range(4)))
WIDE = {"architecture": "all", "sparsity": "all"}


@dataclass(frozen=True)
class Figure:
    """One figure of a catalogue of ``models``: the middle and the largest of ``amounts``, in ``unit``.

    ``goal`` is what was promised of the middle one; without ``amounts``, ``missing`` says why.
    """

    models: int
    what: str
    unit: str
    amounts: tuple[float, ...]
    goal: float | None = None
    missing: str | None = None


def measure_site(folder: Path, models: Iterable[int] = MODELS) -> Iterator[Figure]:
    """Every figure, with catalogues made in ``folder``."""
    for number in models:
        engine = large_catalogue(folder / f"{number}.sqlite", number)
        try:
            yield from served(engine, number)
            yield from seen(engine, number)
        finally:
            engine.dispose()


def served(engine: Engine, models: int) -> Iterator[Figure]:
    """In the server, compression included: a call of the application, without a socket."""
    app, fresh = create_app(engine), (f"epochs>={number}" for number in count(1))
    promised = models == MODELS[0]
    with asyncio.Runner() as runner:

        def get(address: str) -> bytes:
            return runner.run(_get(app, address))

        def renewed() -> None:
            app.state.catalogue = CatalogueCache(engine)
            get("/about")

        read, first_board = zip(
            *[(_timed(renewed), _timed(lambda: get(board(100)))) for _ in range(CHANGES)], strict=True
        )
        yield Figure(models, "Reading the whole catalogue, as a server does once", "ms", read)
        yield Figure(models, "The first board of 100 rows after that, where nothing was worked out", "ms", first_board)
        for rows in ROWS[models]:
            pages, ask = list[bytes](), partial(board, rows)
            times = _times(REQUESTS, lambda: pages.append(get(ask(q=next(fresh)))))  # noqa: B023
            first = promised and rows == 100
            sizes = tuple(len(one) / 1000 for one in pages)
            what = f"A board of {rows} rows, another filter with each request"
            yield Figure(models, what, "ms", times, 50 if first else None)
            yield Figure(models, f"Its bytes, {rows} rows, gzip", "kB", sizes, 60 if first else None)
        address = f"/compare?{urlencode([('models', name) for name in COMPARED])}"
        times = _times(REQUESTS, lambda: get(address))
        yield Figure(models, "Five models compared on forty columns", "ms", times, 50 if promised else None)


def seen(engine: Engine, models: int) -> Iterator[Figure]:
    """In Chromium, from the click on a head to the frame after the new order is in the document."""
    if not CHROMIUM.exists():
        for rows in ROWS[models]:
            yield Figure(models, _seen(rows), "ms", (), missing="needs Chromium: apt-get install chromium")
        return
    from playwright.sync_api import sync_playwright

    with running_site(engine) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for rows in ROWS[models]:
            page = browser.new_page(viewport={"width": 1480, "height": 900})
            page.set_default_timeout(300_000)  # the first board of a server works out every row
            page.goto(site + board(rows), wait_until="networkidle")
            times = tuple(page.evaluate(_CLICK, head) for head, _ in zip(_heads(), range(SORTS), strict=False))
            yield Figure(models, _seen(rows), "ms", times, 300 if rows == 100 and models == MODELS[0] else None)
            page.close()
        browser.close()


def board(rows: int, **more: str) -> str:
    """The address of a board of every architecture and sparsity."""
    return f"/?{urlencode({**WIDE, 'rows': str(rows), **more})}"


def _seen(rows: int) -> str:
    return f"A sort of {rows} rows, until it is seen in Chromium"


def _heads() -> Iterator[str]:
    """Columns that no two clicks in a row share."""
    while True:
        yield from ("full", "linear", "shift-00-top1", "name", "upstream-nll")


# The next click may come once htmx has taken the new links over.
_CLICK = """(key) => new Promise((done) => {
  const start = performance.now();
  const before = document.getElementById("board");
  const settled = new Promise((then) => document.addEventListener("htmx:afterSettle", then, { once: true }));
  new MutationObserver((_, observer) => {
    const now = document.getElementById("board");
    if (now === null || now === before) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => {
      const seen = performance.now() - start;
      settled.then(() => setTimeout(() => done(seen)));
    }));
  }).observe(document.getElementById("content"), { childList: true });
  document.getElementById(`sort-${key}`).click();
})"""


def _times(times: int, run: Callable[[], object]) -> tuple[float, ...]:
    """Milliseconds of each run but an untimed first one."""
    run()
    return tuple(_timed(run) for _ in range(times))


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


async def _get(app: FastAPI, address: str) -> bytes:
    """The body as it is sent, compressed."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"speed.invalid"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"{address} gave {sent[0]['status']}")
    return b"".join(message.get("body", b"") for message in sent[1:])


def middle(figure: Figure) -> float:
    """The median of its amounts."""
    return median(figure.amounts)
