"""The embedded hub on a connection that breaks at a chosen call and stays broken until it is mended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hub_fixture import RunningHub

from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.serving import make_app

When = Literal["before", "after"]


class HungUpError(ConnectionError):
    """The server closes the connection in the middle of an answer."""


@dataclass
class FailingHub:
    """Counts calls; from call ``fails_at`` on it hangs up, ``before`` the hub acts or ``after`` it has done its part.

    ``received`` lists method, path and bytes of the body of every call that the hub was given.
    """

    app: Any = None
    hub: RunningHub = field(init=False)
    fails_at: int | None = None
    when: When = "before"
    calls: int = 0
    received: list[tuple[str, str, int]] = field(default_factory=list)

    def fail(self, at: int, when: When) -> None:
        """Hang up from the ``at``-th call from now on."""
        self.calls, self.fails_at, self.when = 0, at, when

    def mend(self) -> None:
        """Answer every call again, and forget those that came."""
        self.calls, self.fails_at = 0, None
        self.received.clear()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One call, as ASGI hands it over."""
        self.calls += 1
        broken = self.fails_at is not None and self.calls >= self.fails_at
        if not broken or (self.when == "after" and self.calls == self.fails_at):
            await self.app(scope, self._counting(scope, receive), _nowhere if broken else send)
        if broken:
            headers = [(b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            raise HungUpError

    def _counting(self, scope: Any, receive: Any) -> Any:
        index = len(self.received)
        self.received.append((scope["method"], scope["path"], 0))

        async def counted() -> Any:
            message = await receive()
            method, path, count = self.received[index]
            self.received[index] = (method, path, count + len(message.get("body", b"")))
            return message

        return counted


@contextmanager
def failing_hub(data: Path) -> Iterator[FailingHub]:
    """Run one while the block lasts."""
    failing = FailingHub()

    def between(*arguments: Any) -> Any:
        failing.app = make_app(*arguments)
        return failing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.hub_server.embedded.make_app", between)
        with EmbeddedHub(data) as inner:
            failing.hub = RunningHub(inner.endpoint, inner.token_for("prunarium"), "prunarium")
            yield failing


async def _nowhere(_message: Any) -> None:
    """The answer of a call whose line was cut after it was understood."""
