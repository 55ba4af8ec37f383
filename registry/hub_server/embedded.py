"""The hub on a thread of this process: for the demo, for tests, for notebooks without a network."""

import threading
import time
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine

from .errors import HubServeError
from .records import Limits
from .serving import HubFolder, address_of, issue_token, listen, make_app, make_server

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class EmbeddedHub:
    """A hub on the loopback interface while the block lasts.

    ``data`` keeps everything between runs, but for the names when there is a ``database_url``; port 0 takes any free
    port. Raises :class:`~registry.hub_server.errors.HubServeError` for a taken port or a folder that cannot be used.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, EmbeddedHub(Path(folder)) as hub:
    ...     hub.endpoint.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self, data: Path, port: int = 0, limits: Limits | None = None, database_url: str | None = None
    ) -> None:
        self._folder = HubFolder(data, database_url)
        self._port = port
        self._limits = limits
        self.engine: Engine
        self.endpoint: str

    def __enter__(self) -> "EmbeddedHub":
        self.engine = self._folder.open_engine()
        self._socket = listen("127.0.0.1", self._port)
        try:
            self.endpoint = address_of(self._socket)
            self._server = make_server(make_app(self._folder, self.engine, self.endpoint, self._limits))
            self._thread = threading.Thread(
                target=self._server.run, kwargs={"sockets": [self._socket]}, name="prunarium-hub", daemon=True
            )
            self._thread.start()
            self._wait_until_started()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._close()

    def token_for(self, name: str, scope: str = "write") -> str:
        """A new token of the account ``name``, which is made if it is missing. ``scope``: ``read`` or ``write``."""
        return issue_token(self.engine, name, scope, "embedded")[0]

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise HubServeError("The hub did not start.", "See the messages above.")
            time.sleep(0.005)

    def _close(self) -> None:
        self._socket.close()
        self.engine.dispose()
