"""The stored login: which server this machine uses, and where the token for it is kept.

The address is in ``login.json`` in Prunarium's home. The token is in the system's keyring where there is one that
works (extra ``keyring``), and otherwise in the same file, which nobody else can read from its first byte on.
"""

import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zoo.core.files import disk_errors

from .errors import LoginError, ServerAddressError
from .server_address import ServerAddress

Kept = Literal["environment", "keyring", "file"] | None

_FILE = "login.json"
_SERVICE = "prunarium"
_KEPT: dict[str | None, Kept] = {"keyring": "keyring", "file": "file", None: None}
_AGAIN = "Log in again: prunarium login URL"


@dataclass(frozen=True)
class Login:
    """A server, and where its token is; ``kept`` is None where nothing but reading in public was asked for."""

    address: ServerAddress
    kept: Kept
    stored: str | None = field(default=None, repr=False)

    def token(self) -> str | None:
        """The token. Raises :class:`~registry.errors.LoginError` where the keyring does not give it."""
        if self.kept != "keyring":
            return self.stored
        token = _from_keyring(str(self.address))
        if token is None:
            raise LoginError(
                f"The keyring does not give the token for {self.address}.", f"Unlock it, or log in again: "
                f"prunarium login {self.address}",
            )  # fmt: skip
        return token


def read_login(home: Path) -> Login | None:
    """The login that was stored last; None where there is none.

    Raises :class:`~registry.errors.LoginError` for a damaged file, and for one with a token that others can read.
    """
    path = home / _FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = json.loads(file.read(65536))
        address, kept, token = ServerAddress.parse(content["url"]), _KEPT[content["kept"]], content["token"]
        if not (token is None or isinstance(token, str)):
            raise TypeError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ServerAddressError) as error:
        raise LoginError(f"The login in {path} cannot be read.", _AGAIN) from error
    if token is not None and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LoginError(
            f"Others on this machine can read the token in {path}.",
            f"Revoke it on {address} if others use this machine, then: chmod 600 {path}",
        )
    return Login(address, kept, token)


def write_login(home: Path, address: ServerAddress, token: str | None) -> Login:
    """Store a login in place of the last one; the keyring is tried first.

    Raises what a full disk raises, and :meth:`ServerAddress.require_secrecy`; the last login is then still there.
    """
    before = _stored_address(home)
    kept: Kept = None
    if token is not None:
        address.require_secrecy()
        kept = "keyring" if _into_keyring(str(address), token) else "file"
    stored = token if kept == "file" else None
    _write_private(home / _FILE, {"url": str(address), "kept": kept, "token": stored})
    if before is not None and (before != str(address) or kept != "keyring"):
        _out_of_keyring(before)
    return Login(address, kept, stored)


def forget_login(home: Path) -> str | None:
    """Remove the stored login and its token; returns the address, None where there was none or it was unreadable."""
    path = home / _FILE
    address = _stored_address(home)
    if address is not None:
        _out_of_keyring(address)
    with disk_errors(path):
        path.unlink(missing_ok=True)
    return address


def _stored_address(home: Path) -> str | None:
    try:
        return str(json.loads((home / _FILE).read_bytes())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_private(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            # Made by us and for us alone before a byte is in it: no moment at which others could open it.
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _keyring() -> Any | None:
    try:
        import keyring
    except ImportError:
        return None
    return keyring


def _into_keyring(account: str, token: str) -> bool:
    """Whether the keyring took it. Back ends raise whatever their system raises, so every error means no."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, account, token)
        # A keyring that is switched off takes everything and keeps nothing.
        return bool(keyring.get_password(_SERVICE, account) == token)
    except Exception:
        return False


def _from_keyring(account: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    with suppress(Exception):
        token: str | None = keyring.get_password(_SERVICE, account)
        return token
    return None


def _out_of_keyring(account: str) -> None:
    keyring = _keyring()
    if keyring is not None:
        with suppress(Exception):
            keyring.delete_password(_SERVICE, account)
