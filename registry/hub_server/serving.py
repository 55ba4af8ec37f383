"""Open a hub's folder, database and port: what ``prunarium hub serve`` and the embedded hub share."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from zoo.core.errors import UsageError
from zoo.core.files import disk_errors

from .. import accounts
from ..db.schema import open_catalogue
from ..db.session import session_scope
from ..errors import InvalidRecordError, SchemaBehindError
from ..settings import Settings
from .app import create_hub_app
from .errors import BadRequestError, HubServeError
from .names import account_name
from .records import READ, WRITE, Limits

_STOP_SECONDS = 5
_SCOPES = {"read": (READ,), "write": (READ, WRITE)}


@dataclass(frozen=True)
class HubFolder:
    """Where a hub lives: ``data`` holds its bytes, and its database unless another one is named."""

    data: Path
    database_url: str | None = None

    @property
    def root(self) -> Path:
        """The folder's absolute path."""
        return self.data.expanduser().absolute()

    def open_engine(self) -> Engine:
        """The database, made if it is missing.

        Raises :class:`HubServeError` for a folder that cannot be one, :class:`SchemaBehindError` with the command.
        """
        root, url = self.root, self.address
        if root.exists() and not root.is_dir():
            raise HubServeError(f"{root} is a file, not a folder.", "Choose another folder: --data DIR")
        with disk_errors(root):
            try:
                # The signing key, hashes of tokens and private repositories are for whoever runs the hub.
                root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except NotADirectoryError as error:
                raise HubServeError(f"{root}: a file is in the way.", "Choose another folder: --data DIR") from error
        try:
            return open_catalogue(
                Settings(home=root, database_url=url, hub_endpoint=None, hub_token=None, blobs=f"file://{root}/blobs")
            )
        except SchemaBehindError as error:
            raise SchemaBehindError(
                error.message, f"Bring it up to date: PRUNARIUM_DATABASE_URL={url} prunarium db upgrade"
            ) from error

    @property
    def address(self) -> str:
        """Where the database is."""
        return self.database_url or f"sqlite:///{self.root}/hub.sqlite"

    @property
    def store(self) -> Path:
        """The folder of the bytes."""
        return self.root / "store"


def ensure_account(engine: Engine, name: str) -> bool:
    """Make an account; False when it exists. Raises :class:`HubServeError` for a name that no account may have."""
    with clear_names(), session_scope(engine, write=True) as session:
        return _ensure_account(session, name)


def issue_token(engine: Engine, name: str, scope: str, label: str) -> tuple[str, bool]:
    """A new token (``scope``: ``read`` or ``write``) of an account, and whether the account was made for it."""
    with clear_names(), session_scope(engine, write=True) as session:
        made = _ensure_account(session, name)
        return accounts.issue_token(session, name, label, _SCOPES[scope]), made


def list_tokens(engine: Engine, name: str) -> list[tuple[str, tuple[str, ...], bool]]:
    """(label, scopes, whether it is good) of an account's tokens, oldest first."""
    with session_scope(engine) as session:
        return [(token.name, token.scopes, good) for token, good in accounts.tokens_of(session, name)]


def revoke_token(engine: Engine, name: str, label: str) -> None:
    """End every token of that label. Raises :class:`~registry.errors.UnknownRecordError` when there is none."""
    with session_scope(engine, write=True) as session:
        accounts.revoke_token(session, name, label)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket (port 0: any free one); raises :class:`HubServeError` when the port is taken.

    A port out of range is a :class:`UsageError`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise HubServeError(f"Port {port} of {host} is taken.", "Choose another: --port 7861") from error
        raise HubServeError(f"Cannot listen on {host}:{port}: {error.strerror}.", "Choose another --host.") from error
    except OverflowError as error:
        sock.close()
        raise UsageError(f"There is no port {port}.", "Ports go from 0 to 65535; 0 takes any free one.") from error
    return sock


def address_of(sock: socket.socket) -> str:
    """``http://host:port`` of a listening socket."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_app(folder: HubFolder, engine: Engine, base_url: str, limits: Limits | None = None) -> FastAPI:
    """The hub's application over an opened folder."""
    return create_hub_app(engine, folder.store, base_url, limits)


def make_server(app: FastAPI) -> uvicorn.Server:
    """An HTTP server without access log: who changed what is in the commits."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return uvicorn.Server(config)


def serve_forever(folder: HubFolder, engine: Engine, sock: socket.socket, base_url: str) -> None:
    """Serve until the process is told to stop."""
    with suppress(KeyboardInterrupt):
        make_server(make_app(folder, engine, base_url)).run(sockets=[sock])
    engine.dispose()


def _ensure_account(session: Session, name: str) -> bool:
    try:
        accounts.create_account(session, account_name(name))
    except InvalidRecordError:  # the name is taken, by the same account
        return False
    return True


@contextmanager
def clear_names() -> Iterator[None]:
    """Turn the protocol's answer to a bad name into an error for the command line."""
    try:
        yield
    except BadRequestError as error:
        raise HubServeError(error.message, error.hint) from error
