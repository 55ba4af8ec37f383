"""What comes in, made safe: bodies are bounded, JSON is an object, texts fit a database."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from .errors import BadRequestError, TooLargeError
from .store import Spool

_BUFFER_BYTES = 2**20
_MISSING: Any = object()


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body; raises :class:`TooLargeError` as soon as it is longer than ``limit``."""
    announced_length(request, limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"The body may have {limit} bytes.")
    return bytes(body)


async def spool_body(request: Request, spool: Spool) -> None:
    """Write the body to ``spool`` in the thread pool, a megabyte at a time."""
    buffer = bytearray()
    async for chunk in request.stream():
        buffer += chunk
        if len(buffer) >= _BUFFER_BYTES:
            await run_in_threadpool(spool.write, bytes(buffer))
            buffer.clear()
    await run_in_threadpool(spool.write, bytes(buffer))


def announced_length(request: Request, limit: int) -> None:
    """Refuse by ``Content-Length``, before a byte is read; the true length is counted anyway."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError("Content-Length must be a number.")
    if len(length) > 18 or int(length) > limit:
        raise TooLargeError(f"The body may have {limit} bytes.")


def json_object_from(body: bytes) -> dict[str, Any]:
    """A JSON object; raises :class:`BadRequestError` for anything else, nested ever so deep."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadRequestError("The body must be a JSON object.")
    return value


def text_field(value: Mapping[str, Any], name: str, *, most: int, default: str = _MISSING) -> str:
    """A string field of at most ``most`` characters that any database can hold."""
    text = value.get(name)
    if text is None and default is not _MISSING:
        return default
    if not isinstance(text, str) or len(text) > most:
        raise BadRequestError(f"{name} must be text of at most {most} characters.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(f"{name} is not valid UTF-8.") from error
    if "\0" in text:
        raise BadRequestError(f"{name} must not hold a NUL.")
    return text


def count_field(value: Mapping[str, Any], name: str, *, most: int) -> int:
    """A whole number from 0 to ``most``."""
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise BadRequestError(f"{name} must be a whole number.")
    if number > most:
        raise TooLargeError(f"{name} may be {most}.")
    return number


def query_count(request: Request, name: str, default: int, most: int) -> int:
    """A positive number of the query string, at most ``most``."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise BadRequestError(f"{name} must be a positive number.")
    return min(int(text), most)


def query_text(request: Request, name: str) -> str | None:
    """A text of the query string that any database can hold; None when it is not there."""
    text = request.query_params.get(name)
    if text is not None and "\0" in text:
        raise BadRequestError(f"{name} must not hold a NUL.")
    return text


def query_flag(request: Request, name: str) -> bool:
    """A yes or no of the query string, as Python, JavaScript and shells spell it."""
    return request.query_params.get(name, "").lower() in ("1", "true", "yes")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
