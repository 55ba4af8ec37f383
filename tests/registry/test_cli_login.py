"""``prunarium login`` and ``logout`` as a user types them, against a real server."""

import io
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from site_server import answer, fake_server, running_site
from sqlalchemy import Engine

from prunarium.cli import run as run_command
from registry.accounts import create_account, issue_token, revoke_token
from registry.db.session import session_scope
from registry.settings import load_settings


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def token(sqlite_catalogue: Engine) -> str:
    with session_scope(sqlite_catalogue, write=True) as session:
        create_account(session, "ada")
        return issue_token(session, "ada", "laptop", ["submit", "hub:read"])


@pytest.fixture
def server(sqlite_catalogue: Engine) -> Iterator[str]:
    with running_site(sqlite_catalogue) as address:
        yield address


def stored() -> Path:
    return load_settings().home / "login.json"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


class Terminal(io.StringIO):
    """Standard input with a person before it."""

    def isatty(self) -> bool:
        return True


def type_in(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_log_in_by_stdin_use_it_and_log_out(
    capsys: pytest.CaptureFixture[str], server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(f"{token}\n", monkeypatch)
    code, out, err = run(capsys, "login", f"{server}/", "--token-stdin")
    assert (code, out) == (0, "")
    assert f"{server} knows you as ada" in err
    assert token not in err
    assert stat.S_IMODE(stored().stat().st_mode) == 0o600

    code, out, err = run(capsys, "login", "--show", "--json")
    assert json.loads(out) == {
        "server": server, "account": "ada", "scopes": ["hub:read", "submit"], "token_in": "file",
    }  # fmt: skip
    code, out, err = run(capsys, "status", "--json")
    assert (code, json.loads(out)) == (0, {"submissions": [], "jobs": {}})
    assert err == f"Asking the server {server}.\n"

    assert run(capsys, "logout", "--json")[1] == f'{{\n  "server": "{server}"\n}}\n'
    assert not stored().exists()
    assert "There was no login" in run(capsys, "logout")[2]
    assert json.loads(run(capsys, "login", "--show", "--json")[1]) == {"server": None}
    assert "published rows that came with" in run(capsys, "search", "rigl")[2]


def test_a_terminal_is_asked_without_an_echo(
    capsys: pytest.CaptureFixture[str], server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def prompt(question: str, default: str, **options: Any) -> str:
        asked.append({"question": question, "default": default, **options})
        return f" {token} "

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "prompt", prompt)
    code, out, err = run(capsys, "login", server)
    assert (code, token in out + err) == (0, False)
    assert [(call["hide_input"], call["err"], call["default"]) for call in asked] == [(True, True, "")]
    assert json.loads(stored().read_text())["token"] == token


@pytest.mark.parametrize("how", ["no terminal", "nothing typed"])
def test_without_a_token_the_server_is_read_only(
    capsys: pytest.CaptureFixture[str], server: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "nothing typed":
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(typer, "prompt", lambda *_, **__: "")
    else:
        type_in("", monkeypatch)
    code, _, err = run(capsys, "login", server)
    assert code == 0
    assert "To submit, log in with a token" in err
    assert json.loads(stored().read_text()) == {"url": server, "kept": None, "token": None}
    assert run(capsys, "search", "--json")[1] == "[]\n"
    code, out, err = run(capsys, "submit", "org/name")
    assert (code, out) == (1, "")
    assert f"prunarium login {server}" in err


def test_a_bad_token_is_refused_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
    server: str,
    token: str,
    sqlite_catalogue: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    type_in(token, monkeypatch)
    assert run(capsys, "login", server, "--token-stdin")[0] == 0
    before = stored().read_bytes()
    for bad in ("prn_wrong", "two words", "prn_\x1b", "prn_ü", ""):
        type_in(f"{bad}\n", monkeypatch)
        code, out, err = run(capsys, "login", server, "--token-stdin")
        assert (code in (1, 2), out) == (True, "")
        assert err.count("error:") == 1
        assert not bad or bad not in err
        assert stored().read_bytes() == before
    with session_scope(sqlite_catalogue, write=True) as session:
        revoke_token(session, "ada", "laptop")
    code, _, err = run(capsys, "status")
    assert code == 1
    assert f"The token is not valid.\nLog in again: prunarium login {server}" in err


def test_a_token_that_cannot_submit_is_told_so(
    capsys: pytest.CaptureFixture[str],
    server: str,
    token: str,
    sqlite_catalogue: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with session_scope(sqlite_catalogue, write=True) as session:
        narrow = issue_token(session, "ada", "reader", ["hub:read"])
    type_in(narrow, monkeypatch)
    assert "This token cannot submit; it may: hub:read." in run(capsys, "login", server, "--token-stdin")[2]
    code, _, err = run(capsys, "submit", "org/name")
    assert code == 1
    assert "does not have the scope 'submit'" in err


def test_something_that_is_no_server_is_not_logged_in_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_server(answer(200, b"<html>", Content_Type="text/html", Prunarium_API="")) as other:
        type_in("prn_secret\n", monkeypatch)
        code, _, err = run(capsys, "login", other.address, "--token-stdin")
    assert code == 1
    assert "answers with a web page" in err
    assert not stored().exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("login",), "Name a server, or give --show"),
        (("login", "https://x.example", "--show"), "Name a server, or give --show"),
        (("login", "x.example"), "no address of a server"),
        (("login", "https://ada:prn_secret@x.example"), "holds no name and no password"),
        (("login", "http://x.example", "--token-stdin"), "No token is sent to http://x.example"),
    ],
)
def test_a_wrong_login_asks_nobody(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in("prn_secret\n", monkeypatch)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "prn_secret" not in err


def test_the_environment_wins_and_the_stored_token_stays_with_its_server(
    capsys: pytest.CaptureFixture[str], server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(token, monkeypatch)
    assert run(capsys, "login", server, "--token-stdin")[0] == 0
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    body = json.dumps({"account": None, "role": None, "token": None, "scopes": []}).encode()
    with fake_server(answer(200, body)) as other:
        monkeypatch.setenv("PRUNARIUM_URL", other.address)
        assert "wins" in run(capsys, "login", server)[2]
        type_in(token, monkeypatch)
        assert run(capsys, "login", server, "--token-stdin")[0] == 0
        shown = json.loads(run(capsys, "login", "--show", "--json")[1])
        assert (shown["server"], shown["account"], shown["token_in"]) == (other.address, None, None)
        for arguments in (("search",), ("pull", "gmp/net/0.90"), ("submit", "a/b"), ("status",), ("status", "x")):
            run(capsys, *arguments)
        sent = str(other.asked)
        assert len(other.asked) > 3
        assert other.secrets == []
        assert token not in sent
        assert "hf_secret" not in sent
        monkeypatch.setenv("PRUNARIUM_TOKEN", "prn_for-it")
        run(capsys, "status")
        assert other.secrets == ["Bearer prn_for-it"]
    monkeypatch.setenv("PRUNARIUM_URL", server)
    monkeypatch.delenv("PRUNARIUM_TOKEN")
    assert json.loads(run(capsys, "login", "--show", "--json")[1])["account"] == "ada"
