"""Questions to a Prunarium server over HTTP, and every way in which the answer can be no answer.

A token goes to the one origin that it was made for, over https (plain http within this machine only), and to the
addresses that need it. Redirects that leave that origin are not followed but told. Answers are bounded in size and
time, and what a server says is stripped of control characters before anybody prints it.
"""

import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from ..errors import AccessError, LoginError, ServerAnswerError, ServerError, ServerUnavailableError
from ..server_address import ServerAddress
from .answers import API_HEADER, API_VERSION, TRY_LATER, one_line, parsed, read_bounded, refusal

T = TypeVar("T")
_REDIRECTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds to wait for a connection, for the next bytes, and for a whole answer."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    answer_seconds: float = 120.0


class Transport:
    """One server; ``token`` is asked for its value only where a request needs one."""

    def __init__(
        self, address: ServerAddress, token: Callable[[], str | None], patience: Patience | None = None
    ) -> None:
        self.address = address
        self._token = token
        self._patience = patience or Patience()
        wait = httpx.Timeout(self._patience.read_seconds, connect=self._patience.connect_seconds)
        # A proxy of the environment must not see what is meant for this machine.
        self._client = httpx.Client(timeout=wait, trust_env=not address.is_loopback)
        weakref.finalize(self, self._client.close)

    def get(self, path: str, kind: type[T], *, params: Mapping[str, Any] | None = None, token: bool = False) -> T:
        """The answer of :meth:`ask` as a ``kind``."""
        return self.value(kind, self.ask(path, params=params, token=token))

    def ask(self, path: str, *, params: Mapping[str, Any] | None = None, token: bool = False) -> Any:
        """The JSON at ``path`` under ``/api/v1``. Raises :class:`~registry.errors.ServerError` and its kin."""
        headers = self._headers(token, required=False)
        return parsed(self.address, self._ask("GET", path, params=params, headers=headers))

    def post(self, path: str, kind: type[T], body: Mapping[str, Any]) -> T:
        """Send ``body`` as JSON, with the token. Raises also :class:`~registry.errors.AccessError` without one."""
        headers = self._headers(True, required=True)
        return self.value(kind, parsed(self.address, self._ask("POST", path, json=body, headers=headers)))

    def put(self, path: str, kind: type[T], content: bytes, params: Mapping[str, str]) -> T:
        """Send bytes, with the token; raises as :meth:`post`."""
        headers = self._headers(True, required=True) | {"Content-Type": "application/octet-stream"}
        return self.value(
            kind, parsed(self.address, self._ask("PUT", path, content=content, params=params, headers=headers))
        )

    def value(self, kind: type[T], value: Any) -> T:
        """A part of an answer as a ``kind``; what newer servers added is left out."""
        try:
            answer: T = _adapter(kind).validate_python(value)  # type: ignore[arg-type]  # classes are hashable
        except ValidationError as error:
            first = error.errors()[0]
            where = one_line(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
            raise ServerAnswerError(
                f"{self.address} answers in a form that this version does not know ({where}).",
                "One of the two is older: pip install --upgrade prunarium",
            ) from error
        return answer

    def _headers(self, token: bool, *, required: bool) -> dict[str, str]:
        # One coding only, because how far an answer may unfold is counted while it does.
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "prunarium"}
        value = self._token() if token else None
        if value is None and required:
            raise AccessError(f"{self.address} asks for a token.", f"Log in with one: prunarium login {self.address}")
        if value is not None:
            self.address.require_secrecy()
            if not (value.isascii() and value.isprintable()):  # the client's own error would print it
                raise LoginError(f"The token for {self.address} has characters that no token has.", "Make a new one.")
            headers["Authorization"] = f"Bearer {value}"
        return headers

    def _ask(self, method: str, path: str, **request: Any) -> bytes:
        """The body of a good answer; every other end is an error of ours."""
        url = f"{self.address}/api/v1/{path}"
        deadline = time.monotonic() + self._patience.answer_seconds
        try:
            for _ in range(_REDIRECTS):
                with self._client.stream(method, url, **request) as response:
                    if response.is_redirect:
                        url = self._redirected(method, url, response.headers.get("location", ""))
                        request["params"] = None  # the new address has its own
                        continue
                    body = read_bounded(response, self.address, deadline)
                    self._require_good(response, body)
                    return body
        except httpx.TimeoutException as error:
            raise ServerUnavailableError(f"{self.address} takes too long to answer.", TRY_LATER) from error
        except httpx.DecodingError as error:
            raise ServerAnswerError(
                f"{self.address} sends what cannot be unpacked.", "Is the address right?"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict) as error:
            raise _unreachable(self.address, error) from error
        raise ServerAnswerError(f"{self.address} redirects in a circle.", "Is the address right?")

    def _redirected(self, method: str, url: str, location: str) -> str:
        """Where to go on, within the same origin; the next address must be chosen by a person."""
        try:
            target = urljoin(url, location)
            parts = urlsplit(target)
            there = ServerAddress.parse(f"{parts.scheme}://{parts.netloc}")
        except (ValueError, ServerError) as error:
            raise ServerAnswerError(f"{self.address} redirects to no address.", "Is the address right?") from error
        if there.origin != self.address.origin or method != "GET":
            raise ServerAnswerError(
                f"{self.address} redirects to {there}, where nothing was sent.",
                f"If you trust that address: prunarium login {there}{self.address.path}",
            )
        return target

    def _require_good(self, response: httpx.Response, body: bytes) -> None:
        spoken = response.headers.get(API_HEADER)
        if response.is_success and spoken == API_VERSION:
            return
        raise refusal(self.address, response, body)


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _unreachable(address: ServerAddress, error: Exception) -> ServerUnavailableError:
    why = one_line(str(error)).rstrip(".") or type(error).__name__
    return ServerUnavailableError(
        f"{address} cannot be reached ({why}).",
        "Check the address and the connection. To do without the server: prunarium logout, or unset PRUNARIUM_URL",
    )
