"""``prunarium admin``: an account, its tokens, and their end."""

import json

import pytest

from prunarium.cli import run as run_command
from registry.accounts import authenticate
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.errors import AccessError
from registry.settings import load_settings


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(("admin", *arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def account_of(token: str, scope: str) -> str:
    engine = open_catalogue(load_settings())
    try:
        with session_scope(engine) as session:
            return authenticate(session, token, scope).account
    finally:
        engine.dispose()


def test_a_token_is_made_printed_once_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "user", "add", "ada")[0] == 0
    code, out, err = run(capsys, "token", "create", "ada", "--scope", "submit", "--label", "laptop")
    token = out.strip()
    assert (code, len(out.splitlines())) == (0, 1)
    assert "not shown again" in err
    assert account_of(token, "submit") == "ada"
    listed = run(capsys, "token", "list", "ada", "--json")[1]
    [one] = json.loads(listed)
    assert (one["label"], one["scopes"], one["valid"], one["expires"]) == ("laptop", ["submit"], True, None)
    assert token not in listed + run(capsys, "token", "list", "ada")[1]

    assert run(capsys, "token", "revoke", "ada", "laptop")[0] == 0
    with pytest.raises(AccessError):
        account_of(token, "submit")
    assert json.loads(run(capsys, "token", "list", "ada", "--json")[1])[0]["valid"] is False
    code, _, err = run(capsys, "token", "revoke", "ada", "laptop")
    assert code == 2
    assert "no valid token 'laptop'" in err


def test_json_has_the_same_facts(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(run(capsys, "user", "add", "eve", "--role", "worker", "--json")[1])
    assert made == {"account": "eve", "role": "worker"}
    token = json.loads(run(capsys, "token", "create", "eve", "--scope", "work", "--days", "1", "--json")[1])
    assert (token["account"], token["scopes"]) == ("eve", ["work"])
    assert account_of(token["token"], "work") == "eve"
    revoked = json.loads(run(capsys, "token", "revoke", "eve", "command line", "--json")[1])
    assert revoked == {"account": "eve", "label": "command line", "revoked": True}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("user", "add", "ada"), 1, "an account 'ada' already"),
        (("user", "add", "two words"), 1, "cannot be the name of an account"),
        (("user", "add", "../x"), 1, "cannot be the name of an account"),
        (("user", "add", ""), 1, "cannot be the name of an account"),
        (("token", "create", "adda", "--scope", "submit"), 2, "Did you mean 'ada'"),
        (("token", "create", "ada", "--scope", "admin"), 1, "submitter cannot have the scopes ['admin']"),
        (("token", "create", "ada", "--scope", "sumbit"), 1, "Choose from:"),
        (("token", "create", "ada"), 2, "--scope"),
        (("token", "list", "nobody"), 2, "no account 'nobody'"),
    ],
)
def test_mistakes_are_one_clear_error(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert run(capsys, "user", "add", "ada")[0] == 0
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert words in err


def test_accounts_are_listed_changed_and_linked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "user", "add", "root", "--role", "admin")[0] == 0
    assert run(capsys, "user", "add", "ada")[0] == 0
    assert run(capsys, "user", "role", "ada", "moderator")[0] == 0
    assert run(capsys, "user", "disable", "ada", "--reason", "left")[0] == 0
    listed = json.loads(run(capsys, "user", "list", "--json")[1])
    assert listed == [
        {"account": "ada", "role": "moderator", "enabled": False},
        {"account": "root", "role": "admin", "enabled": True},
    ]
    assert run(capsys, "user", "enable", "ada")[0] == 0
    code, out, _ = run(capsys, "user", "link", "ada", "--base-url", "https://zoo.example.org")
    assert (code, out.partition("?key=")[0]) == (0, "https://zoo.example.org/sign-in/link")
    code, _, err = run(capsys, "user", "disable", "root", "--reason", "x")
    assert (code, "only administrator" in err) == (1, True)
    acts = [line["action"] for line in json.loads(run(capsys, "audit", "--json")[1])]
    assert acts == [
        "make sign-in link", "enable account", "disable account", "change role", "make account", "make account",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["model", "submission"])
def test_what_is_not_there_is_not_hidden(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    code, out, err = run(capsys, "hide", kind, "nothing", "--reason", "x")
    assert (code, out) == (2, "")
    assert f"no {kind} 'nothing'" in err
    assert "0 open reports" in run(capsys, "flags")[2] + run(capsys, "flags")[1]
