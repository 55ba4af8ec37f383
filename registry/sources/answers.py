"""Reading what a server sent: bounded, unpacked by us, free of control characters; and its refusals as our errors."""

import json
import re
import time
import zlib
from typing import Any, Final, NoReturn

import httpx

from ..errors import (
    AccessError,
    LeaseLostError,
    RegistryError,
    ScopeError,
    ServerAnswerError,
    ServerRefusedError,
    ServerUnavailableError,
    TransitionError,
    UnknownRecordError,
)
from ..server_address import ServerAddress

# Every answer of a server names the version of its API; a change that old clients cannot read raises it.
API_HEADER: Final = "Prunarium-API"
API_VERSION: Final = "1"
MAX_ANSWER_BYTES = 64 * 2**20

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST_MESSAGE = 600
TRY_LATER: Final = "Try again later; nothing else was asked instead."
_WRONG = "Is this the address of a Prunarium server?"


def read_bounded(response: httpx.Response, address: ServerAddress, deadline: float) -> bytes:
    """The whole body, unpacked; never more than :data:`MAX_ANSWER_BYTES` in memory, never beyond ``deadline``."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("gzip", "identity", ""):
        raise ServerAnswerError(f"{address} packs its answer as {coding[:40]!r}, which nobody asked for.", _WRONG)
    unpack = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    body = bytearray()
    for chunk in response.iter_raw():
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, MAX_ANSWER_BYTES + 1 - len(body))
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
        if len(body) > MAX_ANSWER_BYTES:
            raise ServerAnswerError(
                f"{address} answers with more than {MAX_ANSWER_BYTES // 2**20} MB.",
                "Ask for less, or check the address.",
            )
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the whole answer took too long")
    if unpack is not None and not unpack.eof:
        raise httpx.DecodingError("cut off")
    return bytes(body)


def parsed(address: ServerAddress, body: bytes) -> Any:
    """The JSON of an answer. Raises :class:`~registry.errors.ServerAnswerError`."""
    try:
        return _scrubbed(json.loads(body, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise ServerAnswerError(f"{address} answers with something that is no JSON.", _WRONG) from error


def refusal(address: ServerAddress, response: httpx.Response, body: bytes) -> RegistryError:
    """The error that a bad answer stands for: the server's own words where they are those of a Prunarium server."""
    status, spoken = response.status_code, response.headers.get(API_HEADER)
    if status >= 500 or status == 429:
        said = _words(body)[0] if spoken is not None else None
        return ServerUnavailableError(
            f"{address} failed ({status}){f': {said}' if said else '.'}",
            "Try again later; nothing else was asked instead.",
        )
    if spoken is None:
        what = "a web page" if "html" in response.headers.get("content-type", "") else f"status {status}"
        return ServerAnswerError(
            f"{address} answers with {what} and not as a Prunarium server of this version.",
            f"{_WRONG} If so, it is older than this client.",
        )
    if spoken != API_VERSION:
        newer = spoken.isascii() and spoken.isdigit() and int(spoken[:9]) > int(API_VERSION)
        return ServerAnswerError(
            f"{address} speaks version {one_line(spoken)[:20]} of the API, this client version {API_VERSION}.",
            "Update this client: pip install --upgrade prunarium" if newer else "The server has to be updated.",
        )
    return _refused(address, status, *_words(body))


def _refused(address: ServerAddress, status: int, message: str | None, hint: str | None) -> RegistryError:
    message = message or f"{address} refuses ({status})."
    kinds: dict[int, type[RegistryError]] = {
        401: AccessError, 403: ScopeError, 404: UnknownRecordError, 409: TransitionError,
        410: LeaseLostError,
    }  # fmt: skip
    if status == 401:
        hint = f"Log in again: prunarium login {address}"
    return kinds.get(status, ServerRefusedError)(message, hint)


def _words(body: bytes) -> tuple[str | None, str | None]:
    """The message and the hint of an error in the API's form; None for what is not there."""
    try:
        error = json.loads(body)["error"]
        message, hint = error["message"], error["hint"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    return tuple(one_line(text) if isinstance(text, str) else None for text in (message, hint))  # type: ignore[return-value]


def one_line(text: str) -> str:
    """A server's words as one line of bounded length that moves no cursor."""
    return " ".join(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text).split())[:_LONGEST_MESSAGE]


def _scrubbed(value: Any) -> Any:
    """Without control characters: a title must not move a reader's cursor."""
    if isinstance(value, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {_scrubbed(name): _scrubbed(item) for name, item in value.items()}
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
