"""``prunarium serve --init``: an administrator, a key, one link."""

import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from signed_in import form_token_of

from prunarium.cli import run
from registry.db.session import make_engine, session_scope
from registry.queries.accounts import list_accounts


def started(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "prunarium", "serve", "--port", "0", *arguments]
    environment = {"PRUNARIUM_HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_the_first_start_signs_the_administrator_in_and_the_second_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(tmp_path, "--init", "--admin", "root") as server:
        assert server.stdout is not None
        link = server.stdout.readline().strip()
        try:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/sign-in/link\?key=[\w-]{40,}", link)
            with httpx.Client(base_url=link.partition("/sign-in")[0]) as client:
                page = client.get(link)
                form = {"key": link.partition("key=")[2], "csrf": form_token_of(page.text)}
                assert client.post("/sign-in/link", data=form).headers["location"] == "/account"
                assert client.get("/admin/accounts").status_code == 200
                assert client.get(link).status_code == 401
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    assert stat.S_IMODE((tmp_path / "receipt-key.pem").stat().st_mode) == 0o600
    engine = make_engine(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with session_scope(engine) as session:
        assert [(one.name, one.role) for one in list_accounts(session)] == [("root", "admin")]
    engine.dispose()

    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path))
    capsys.readouterr()
    assert run(["serve", "--init", "--port", "0"]) == 2
    told = capsys.readouterr().err
    assert "set up before: root" in told
    assert "prunarium admin user link root" in told
