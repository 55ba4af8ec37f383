"""One file from the web: https only, and capped in size."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..core.errors import UsageError
from ..core.files import disk_errors
from ..core.progress import counting_bytes
from ..errors import ForeignFileError

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_CHUNK_BYTES = 1 << 20
_REDIRECTS = 5


def is_address(text: str) -> bool:
    """Whether ``text`` is meant as an address of the web rather than as a path."""
    return "://" in text


def fetch(url: str, folder: Path, *, limit_bytes: int = MAX_FILE_BYTES, client: httpx.Client | None = None) -> Path:
    """The file behind ``url`` in ``folder``, under the name that the address gives it.

    Raises :class:`~zoo.core.errors.UsageError` for anything but https, also behind a redirection, and
    :class:`ForeignFileError` where the server refuses, answers with a page, sends more than ``limit_bytes``, or the
    connection breaks; then nothing is left.
    """
    name = Path(unquote(urlsplit(url).path)).name or "checkpoint"
    path = folder / name
    with client or httpx.Client(timeout=_TIMEOUT) as session, disk_errors(path):
        try:
            _receive(session, url, path, limit_bytes)
        except httpx.HTTPError as error:
            path.unlink(missing_ok=True)
            raise ForeignFileError(
                f"{url} cannot be fetched: {error or type(error).__name__}.", "Try again, or import a file of yours."
            ) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _receive(session: httpx.Client, url: str, path: Path, limit_bytes: int) -> None:
    for _ in range(_REDIRECTS):
        if urlsplit(url).scheme != "https":
            raise UsageError(
                f"Only https addresses are fetched, got {url}.", "Fetch the file yourself, then import it."
            )
        with session.stream("GET", url, follow_redirects=False) as answer:
            if answer.next_request is not None:
                url = str(answer.next_request.url)
                continue
            _refuse(answer, url, limit_bytes)
            _write(answer, url, path, limit_bytes)
            return
    raise ForeignFileError(f"{url} leads from one address to the next without end.")


def _refuse(answer: httpx.Response, url: str, limit_bytes: int) -> None:
    if answer.status_code != httpx.codes.OK:
        raise ForeignFileError(f"{url} answers {answer.status_code} {answer.reason_phrase}.", "Is the address right?")
    if answer.headers.get("content-type", "").startswith("text/html"):
        raise ForeignFileError(
            f"{url} is a page, not a file.", "Open it in a browser, fetch the file there, and import that file."
        )
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(url, limit_bytes)


def _write(answer: httpx.Response, url: str, path: Path, limit_bytes: int) -> None:
    announced = answer.headers.get("content-length", "")
    received = 0
    with path.open("wb") as file, counting_bytes(f"Fetching {path.name}") as report:
        report(0, int(announced) if announced.isdecimal() else 0)
        for chunk in answer.iter_bytes(_CHUNK_BYTES):
            received += len(chunk)
            if received > limit_bytes:
                raise _too_large(url, limit_bytes)
            file.write(chunk)
            report(len(chunk), 0)


def _too_large(url: str, limit_bytes: int) -> ForeignFileError:
    return ForeignFileError(f"{url} is larger than the {limit_bytes:,} bytes that are fetched.")
