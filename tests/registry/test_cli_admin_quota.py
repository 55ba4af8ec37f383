"""``prunarium admin quota``: what is left, a grant, and mistakes."""

import json

import pytest

from prunarium.cli import run


@pytest.fixture
def account(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(("admin", "user", "add", "ada")) == 0
    return "ada"


def test_what_is_left_and_a_grant(
    account: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNARIUM_QUOTA_MINUTES", "90")
    assert run(("admin", "quota", account, "--grant", "30")) == 0
    capsys.readouterr()
    assert run(("admin", "quota", account, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"account": account, "left_minutes": 120.0, "minutes": 90.0, "days": 7.0}


@pytest.mark.parametrize(
    ("quota", "arguments", "told"),
    [
        ("", ("ada",), "PRUNARIUM_QUOTA_MINUTES=60"),
        ("90", ("adda",), "Did you mean 'ada'?"),
        ("ninety", ("ada",), "expected a number above 0"),
        ("-5", ("ada",), "expected a number above 0"),
        ("90", ("ada", "--grant", "0"), "For example 60"),
    ],
)
def test_a_mistake_says_what_to_type(
    account: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    quota: str,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.setenv("PRUNARIUM_QUOTA_MINUTES", quota)
    assert run(("admin", "quota", *arguments)) != 0
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
