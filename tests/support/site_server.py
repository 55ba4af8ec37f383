"""The site as a server on loopback, and servers that misbehave on purpose."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import uvicorn
from sqlalchemy import Engine

from leaderboard.app import create_app
from leaderboard.settings import SiteSettings


@contextmanager
def running_site(engine: Engine, settings: SiteSettings | None = None) -> Iterator[str]:
    """The address of a site over a catalogue, while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(engine, settings), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@dataclass(frozen=True)
class Asked:
    """One request that a :class:`FakeServer` got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FakeServer:
    """A server that answers every request with ``reply`` and remembers what it was asked."""

    address: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def secrets(self) -> list[str]:
        """Every Authorization header that came."""
        return [request.headers["authorization"] for request in self.asked if "authorization" in request.headers]


@contextmanager
def fake_server(reply: Reply, host: str = "127.0.0.1") -> Iterator[FakeServer]:
    """A :class:`FakeServer` on loopback, while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.close_connection = True
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append(Asked(self.command, self.path, headers, body))
            reply(self)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    made = FakeServer(f"http://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Reply:
    """A reply with these bytes; underscores in the names of headers stand for hyphens."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Type": "application/json", "Prunarium_API": "1"} | headers).items():
            if value:
                handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)

    return send
