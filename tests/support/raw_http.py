"""HTTP without a helping hand: what is written is what is sent."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """One response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RawClient:
    """One connection per request; ``token=None`` sends no Authorization header."""

    endpoint: str
    token: str | None

    def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, token: str | None = ""
    ) -> Answer:
        """``body``: bytes are sent as they are, anything else as JSON; ``token=""`` means the client's own."""
        sent = {"Authorization": f"Bearer {self.token if token == '' else token}"}
        if token is None:
            sent = {}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        place = urlsplit(path if path.startswith("http") else self.endpoint + path)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        try:
            target = place.path + (f"?{place.query}" if place.query else "")
            connection.putrequest(method, target, skip_host=False, skip_accept_encoding=True)
            for name, value in ({"Content-Length": str(len(content or b""))} | sent | (headers or {})).items():
                connection.putheader(name, value)
            connection.endheaders(content)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()
