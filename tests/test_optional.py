"""What CI promised to have is not skipped in silence."""

import pytest
from optional import need


def test_a_missing_option_skips_with_the_command_that_enables_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRUNARIUM_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        need("browser", False)


def test_a_missing_option_that_was_promised_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_REQUIRE", "postgres,browser")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        need("browser", False)


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_REQUIRE", "browser")
    need("browser", True)
