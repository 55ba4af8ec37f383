"""What a test may lack: it skips with the command that enables it, and fails where CI promised to have it."""

import os

import pytest

_COMMANDS = {
    "browser": "apt-get install chromium",
    "postgres": "apt-get install postgresql",
    "ray": "pip install 'prunarium[ray]'",
    "index": "connect to a package index",
}


def need(what: str, available: bool, description: str = "") -> None:
    """Skip unless ``available``; fail instead when ``PRUNARIUM_REQUIRE`` lists ``what``."""
    if available:
        return
    message = f"needs {description or what}: {_COMMANDS[what]}"
    if what in os.environ.get("PRUNARIUM_REQUIRE", "").split(","):
        pytest.fail(message)
    pytest.skip(message)
