"""A hub between the client and the real one that may cut, count, change or redirect every answer."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer on its way to the client."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_weights(self) -> bool:
        """Whether it is an attempt to bring a weights file."""
        return "/resolve/" in self.path and self.path.endswith(".safetensors")

    def with_body(self, body: bytes) -> "Reply":
        """The same answer with other bytes, whose length it states."""
        others = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        return replace(self, body=body, headers={**others, "Content-Length": str(len(body))})


@dataclass
class MeddlingHub:
    """Passes every request on to ``upstream``; then ``meddle`` may change the answer, and ``cut`` how much is sent.

    ``cut`` gets the answer and its length on the wire, headers included, and returns the bytes to send before the
    connection is closed; None sends all. ``sent`` lists the answers with the bytes of the body that left.
    """

    upstream: str
    meddle: Callable[[Reply], Reply] = lambda reply: reply
    cut: Callable[[Reply, int], int | None] = lambda _reply, _length: None
    endpoint: str = ""
    sent: list[tuple[Reply, int]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def weights_bytes(self) -> int:
        """The bytes of weights that were sent so far."""
        return sum(count for reply, count in self.sent if reply.is_weights and reply.status < 300)


@contextmanager
def meddling_hub(upstream: str, **options: Any) -> Iterator[MeddlingHub]:
    """Run one on a free port while the block lasts."""
    hub = MeddlingHub(upstream, **options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            _answer(hub, self, self.rfile.read(length))

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(hub: MeddlingHub, handler: BaseHTTPRequestHandler, body: bytes) -> None:
    hub.tokens.append(handler.headers.get("Authorization"))
    reply = hub.meddle(_ask_upstream(hub, handler, body))
    head = f"HTTP/1.1 {reply.status} {http.client.responses.get(reply.status, '')}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items()) + "Connection: close\r\n\r\n"
    whole = head.encode() + reply.body
    limit = hub.cut(reply, len(whole))
    part = whole if limit is None else whole[:limit]
    hub.sent.append((reply, max(0, len(part) - len(head))))
    handler.close_connection = True
    with suppress(OSError):  # the client went away
        handler.wfile.write(part)


def _ask_upstream(hub: MeddlingHub, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
    place = urlsplit(hub.upstream)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(handler.command, handler.path, body or None, headers)
        response = connection.getresponse()
        kept = {
            name: value
            for name, value in response.getheaders()
            if name.lower() not in ("connection", "transfer-encoding", "date", "server")
        }
        return Reply(handler.path, response.status, kept, response.read())
    finally:
        connection.close()
