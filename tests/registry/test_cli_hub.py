"""``prunarium hub`` as a user types it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import harness
import httpx
import pytest

from prunarium.cli import run


def test_a_token_opens_the_hub_of_the_same_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "token", "ann", "--data", str(tmp_path / "hub"), "--label", "laptop"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("prn_")
    assert "Account ann was made" in err
    process = harness.start(["-m", "prunarium", "hub", "serve", "--data", str(tmp_path / "hub"), "--port", "0"])
    try:
        line = process.stderr.readline() if process.stderr else ""
        endpoint = line.rpartition("HF_ENDPOINT=")[2].strip()
        me = httpx.get(f"{endpoint}/api/whoami-v2", headers={"Authorization": f"Bearer {out.strip()}"}).json()
        assert (me["name"], me["auth"]["accessToken"]["displayName"]) == ("ann", "laptop")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, 130, -signal.SIGINT)
    finally:
        harness.kill_group(process)


def test_the_default_folder_is_in_the_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "user", "ann"]) == 0
    assert (Path(os.environ["PRUNARIUM_HOME"]) / "hub" / "hub.sqlite").exists()
    assert "Account ann was made." in capsys.readouterr().err
    assert run(["hub", "user", "ann", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"account": "ann", "created": False}


def test_a_token_is_printed_once_and_kept_as_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "token", "ann", "--data", str(tmp_path), "--scope", "read", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["account"], printed["scope"]) == ("ann", "read")
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or printed["token"].encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["user", "not a name"], 1, "cannot be the name of an account"),
        (["user", "datasets"], 1, "cannot be the name of an account"),
        (["token", "ann", "--scope", "all"], 2, "There is no scope 'all'"),
        (["serve", "--port", "99999"], 2, "There is no port 99999"),
        (["serve", "--base-url", "hub.example"], 2, "no address"),
        (["serve", "--base-url", "http://hub.example/?x"], 2, "no address"),
        (["serve", "--base-url", "https://ann:secret@hub.example"], 2, "no name and no password"),
        (["serve", "--base-url", "https://hub.example/\r\nX: y"], 2, "no address"),
        (["serve", "--base-url", "https://hüb.example"], 2, "xn--"),
        (["serve", "--host", "0.0.0.0"], 2, "must be told how clients reach it"),
        (["serve", "--host", "::"], 2, "must be told how clients reach it"),
        (["serve", "--database-url", "mysql://x"], 2, "mysql"),
    ],
)
def test_mistakes(arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", *arguments]) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_taken_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert run(["hub", "serve", "--data", str(tmp_path), "--port", port]) == 1
    assert f"Port {port} of 127.0.0.1 is taken" in capsys.readouterr().err


def test_a_file_where_the_folder_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(["hub", "serve", "--data", str(tmp_path / "file")]) == 1
    assert "is a file, not a folder" in capsys.readouterr().err


def test_help_names_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prunarium", "hub", "--help"], capture_output=True, text=True, check=True
    )
    assert all(command in done.stdout for command in ("serve", "user", "token"))
