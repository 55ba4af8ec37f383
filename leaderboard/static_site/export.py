"""Walk the live site, write every answer that the copy keeps, and add data and checksums."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections import deque
from dataclasses import dataclass
from html import unescape
from importlib.resources import files
from pathlib import Path, PurePosixPath

import httpx
from sqlalchemy import Engine

from zoo.core.errors import UsageError

from ..app import create_app
from ..catalogue import Catalogue
from ..settings import SiteSettings
from ..view import TRUST_LEVELS
from .data import write_parquet, write_sqlite
from .links import ATTRIBUTE, file_of, is_kept, relinked

CHECKSUMS = "SHA256SUMS"
_LIVE = "http://live.invalid"


@dataclass(frozen=True)
class Exported:
    """How many pages and files were written, and their bytes."""

    pages: int
    files: int
    size_bytes: int


@dataclass(frozen=True)
class _Answer:
    """What the live site said to an address."""

    file: PurePosixPath
    content: bytes
    is_page: bool


def export_site(engine: Engine, folder: Path) -> Exported:
    """Write the copy into ``folder``, which must be missing, empty or an earlier copy; all of it or nothing.

    Raises :class:`~zoo.core.errors.UsageError` for a folder that holds anything else.
    """
    _require_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        answers = asyncio.run(_walk(engine))
        _write_pages(answers, made)
        data = made / "data"
        data.mkdir(exist_ok=True)
        write_sqlite(engine, data / "catalogue.sqlite")
        write_parquet(engine, data)
        _write_checksums(made)
        made.chmod(0o755)
        _replace(folder, made)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    written = [file for file in folder.rglob("*") if file.is_file()]
    pages = sum(answer.is_page for answer in answers.values())
    return Exported(pages, len(written), sum(file.stat().st_size for file in written))


async def _walk(engine: Engine) -> dict[str, _Answer]:
    """Every kept address that can be reached from the front page, with its answer."""
    app = create_app(engine, SiteSettings())
    catalogue: Catalogue = app.state.catalogue.current()
    measured = {result.model for result in catalogue.results if result.trust in (TRUST_LEVELS["measured"] or ())}
    answers: dict[str, _Answer] = {}
    waiting = deque(["/"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=_LIVE) as client:
        while waiting:
            address = waiting.popleft()
            if address in answers:
                continue
            answer = await client.get(address)
            answer.raise_for_status()
            media_type = answer.headers.get("content-type", "")
            is_page = media_type.startswith("text/html")
            answers[address] = _Answer(file_of(address, media_type), answer.content, is_page)
            if is_page:
                found = (unescape(match[2]).partition("#")[0] for match in ATTRIBUTE.finditer(answer.text))
                waiting.extend(one for one in dict.fromkeys(found) if one not in answers and is_kept(one, measured))
    return answers


def _write_pages(answers: dict[str, _Answer], folder: Path) -> None:
    def target(address: str) -> PurePosixPath | None:
        return answers[address].file if address in answers else None

    for answer in answers.values():
        path = folder / answer.file
        path.parent.mkdir(parents=True, exist_ok=True)
        content = answer.content
        if answer.is_page:
            content = _static(relinked(content.decode(), answer.file, target), answer.file).encode()
        path.write_bytes(content)
    (folder / "static" / "copy.js").write_bytes(files("leaderboard").joinpath("static", "copy.js").read_bytes())


def _static(html: str, page: PurePosixPath) -> str:
    """What needs a server is hidden, and tables are sorted by a script."""
    script = os.path.relpath("static/copy.js", page.parent)
    for live, copied in (
        ('<html lang="en">', '<html lang="en" class="offline">'),
        ("</head>", f'<script src="{script}" defer></script>\n</head>'),
        (' hx-boost="true"', ""),  # browsers refuse what htmx does for pages of a disk
    ):
        html = html.replace(live, copied)
    return html


def _write_checksums(folder: Path) -> None:
    """In the form of ``sha256sum``: ``sha256sum -c SHA256SUMS`` checks the copy."""
    written = sorted(file for file in folder.rglob("*") if file.is_file())
    hashes = {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in written}
    lines = [f"{digest}  {name}\n" for name, digest in hashes.items()]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _require_replaceable(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / CHECKSUMS).is_file()):
        raise UsageError(f"{folder} holds something that is no copy of the site.", "Give a new folder.")


def _replace(folder: Path, made: Path) -> None:
    """The former copy stands aside until the new one is in its place."""
    aside = Path(f"{made}-before")
    if folder.exists():
        folder.rename(aside)
    made.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
