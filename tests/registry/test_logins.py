"""Where a token is kept: in a keyring that works, else in a file that nobody else can ever read."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

import registry.logins
from registry.errors import LoginError, ServerAddressError
from registry.logins import forget_login, read_login, write_login
from registry.server_address import ServerAddress
from zoo.core.files import DiskFullError

SERVER = ServerAddress.parse("https://prunarium.example.org")
TOKEN = "prn_very-secret"


class MemoryKeyring(KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class LockedKeyring(MemoryKeyring):
    """A keyring that asks a person who is not there."""

    def set_password(self, *_: Any, **__: Any) -> None:
        raise KeyringLocked

    def get_password(self, *_: Any, **__: Any) -> str | None:
        raise KeyringLocked

    def delete_password(self, *_: Any, **__: Any) -> None:
        raise KeyringLocked


class ForgetfulKeyring(MemoryKeyring):
    """A keyring that is switched off: it takes everything and keeps nothing."""

    def get_password(self, *_: Any, **__: Any) -> str | None:
        return None


def use(backend: KeyringBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


def test_without_a_login_there_is_none(tmp_path: Path) -> None:
    assert read_login(tmp_path / "home") is None
    assert forget_login(tmp_path / "home") is None


def test_a_keyring_that_works_keeps_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryKeyring()
    use(backend, monkeypatch)
    assert write_login(tmp_path, SERVER, TOKEN).kept == "keyring"
    assert TOKEN not in (tmp_path / "login.json").read_text()
    found = read_login(tmp_path)
    assert found is not None
    assert (found.address, found.kept, found.token()) == (SERVER, "keyring", TOKEN)
    assert TOKEN not in repr(found)
    assert forget_login(tmp_path) == str(SERVER)
    assert backend.kept == {}


def _no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.mark.parametrize(
    "spoil",
    [
        _no_module,
        lambda patch: use(LockedKeyring(), patch),
        lambda patch: use(ForgetfulKeyring(), patch),
    ],
    ids=["not installed", "locked", "switched off"],
)
def test_otherwise_a_file_of_ones_own_does(spoil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch)
    home = tmp_path / "new" / "home"
    assert write_login(home, SERVER, TOKEN).kept == "file"
    found = read_login(home)
    assert found is not None
    assert (found.address, found.kept, found.token()) == (SERVER, "file", TOKEN)
    assert TOKEN not in repr(found)
    assert stat.S_IMODE((home / "login.json").stat().st_mode) == 0o600
    forget_login(home)
    assert list(home.iterdir()) == []


def test_the_file_is_private_before_the_token_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the shell's mask would let everybody read, and where an open file stands in the way."""
    _no_module(monkeypatch)
    (tmp_path / "login.json").write_text("{}")
    seen: list[int] = []
    dump = json.dump

    def spy(value: Any, file: Any) -> None:
        status = os.fstat(file.fileno())
        seen.append(stat.S_IMODE(status.st_mode))
        assert status.st_size == 0
        dump(value, file)

    monkeypatch.setattr(json, "dump", spy)
    before = os.umask(0)
    try:
        write_login(tmp_path, SERVER, TOKEN)
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert stat.S_IMODE((tmp_path / "login.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_token_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    _no_module(monkeypatch)
    write_login(tmp_path, SERVER, TOKEN)
    (tmp_path / "login.json").chmod(mode)
    with pytest.raises(LoginError, match="Others on this machine can read") as caught:
        read_login(tmp_path)
    assert f"chmod 600 {tmp_path}/login.json" in (caught.value.hint or "")
    assert TOKEN not in str(caught.value)


def test_an_address_without_a_token_is_no_secret(tmp_path: Path) -> None:
    assert write_login(tmp_path, SERVER, None).kept is None
    (tmp_path / "login.json").chmod(0o644)
    found = read_login(tmp_path)
    assert found is not None
    assert (found.address, found.kept, found.token()) == (SERVER, None, None)


def test_a_keyring_that_is_locked_later_is_an_error_and_not_an_anonymous_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(MemoryKeyring(), monkeypatch)
    write_login(tmp_path, SERVER, TOKEN)
    for installed in (True, False):
        if installed:
            use(LockedKeyring(), monkeypatch)
        else:
            _no_module(monkeypatch)
        found = read_login(tmp_path)
        assert found is not None
        with pytest.raises(LoginError, match="keyring does not give the token"):
            found.token()


def test_a_new_login_leaves_nothing_of_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryKeyring()
    use(backend, monkeypatch)
    write_login(tmp_path, SERVER, TOKEN)
    other = ServerAddress.parse("https://other.example.org")
    write_login(tmp_path, other, "prn_other")
    assert backend.kept == {("prunarium", str(other)): "prn_other"}


def test_no_token_is_stored_for_a_server_that_cannot_keep_it(tmp_path: Path) -> None:
    with pytest.raises(ServerAddressError, match="plain http"):
        write_login(tmp_path, ServerAddress.parse("http://example.org"), TOKEN)
    assert read_login(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"url": 1, "kept": null, "token": null}', b'{"url": "https://x"}', b"\xff\xfe",
     b'{"url": "https://x", "kept": "cellar", "token": null}', b'{"url": "nonsense", "kept": null, "token": null}',
     b'{"url": "https://x", "kept": "file", "token": 5}'],
)  # fmt: skip
def test_a_damaged_login_is_one_clear_error_and_can_be_forgotten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "login.json").write_bytes(content)
    with pytest.raises(LoginError, match=r"login in .* cannot be read") as caught:
        read_login(tmp_path)
    assert caught.value.hint
    forget_login(tmp_path)
    assert read_login(tmp_path) is None


def test_a_login_that_cannot_be_stored_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(MemoryKeyring(), monkeypatch)
    before = write_login(tmp_path, SERVER, TOKEN)
    with pytest.raises(ServerAddressError):
        write_login(tmp_path, ServerAddress.parse("http://prunarium.example.org"), "another")

    def full(*_: object) -> None:
        raise DiskFullError("full")

    monkeypatch.setattr(registry.logins, "_write_private", full)
    with pytest.raises(DiskFullError):
        write_login(tmp_path, ServerAddress.parse("https://other.example.org"), "another")
    assert read_login(tmp_path) == before
