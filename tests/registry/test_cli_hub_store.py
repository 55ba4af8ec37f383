"""``prunarium hub gc|verify|backup|restore|org`` as a user types them."""

import json
from pathlib import Path

import pytest
from hub_folders import WEIGHTS, age, blobs, filled_hub
from hub_requests import sha256

from prunarium.cli import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hub with one repository and one deleted one, both old."""
    with filled_hub(tmp_path / "hub") as (hub, raw):
        raw("POST", "/api/repos/create", {"name": "gone"})
        raw(
            "POST",
            "/api/models/alice/gone/commit/main",
            b'{"key":"header","value":{"summary":"x"}}\n'
            b'{"key":"file","value":{"path":"a","content":"gone","encoding":"utf-8"}}',
        )
        raw("DELETE", "/api/repos/delete", {"name": "gone"})
        age(hub, tmp_path / "hub")
    return tmp_path / "hub"


def test_gc(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "gc", "--data", str(folder), "--dry-run"]) == 0
    assert "1 blobs (4 bytes) would go." in capsys.readouterr().err
    assert run(["hub", "gc", "--data", str(folder), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["blobs"], done["bytes"], done["dry_run"]) == (1, 4, False)
    assert sha256(b"gone") not in blobs(folder)


def test_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "verify", "--data", str(folder)]) == 0
    assert "every byte was read" in capsys.readouterr().err
    oid = sha256(WEIGHTS)
    (folder / "store" / "blobs" / oid[:2] / oid).unlink()
    assert run(["hub", "verify", "--data", str(folder)]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"missing\t{oid}\tneeded by alice/m w.bin\n"
    assert "1 things are damaged" in captured.err
    assert run(["hub", "verify", "--data", str(folder), "--fast", "--json"]) == 1
    assert [damage["kind"] for damage in json.loads(capsys.readouterr().out)] == ["missing"]


def test_backup_and_restore(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy, new = str(tmp_path / "copy"), str(tmp_path / "new")
    assert run(["hub", "backup", copy, "--data", str(folder)]) == 0
    assert f"prunarium hub restore {copy}" in capsys.readouterr().err
    assert run(["hub", "restore", copy, "--data", new, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["blobs"] == 3
    assert run(["hub", "verify", "--data", new]) == 0
    assert run(["hub", "backup", copy, "--data", str(folder)]) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["gc"], ["verify"], ["backup", "somewhere"]])
def test_a_mistyped_folder_is_no_new_hub(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hub", *command, "--data", str(tmp_path / "tpyo")]) == 2
    assert "There is no hub in" in capsys.readouterr().err
    assert not (tmp_path / "tpyo").exists()


def test_organisations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "hub")]
    for name in ("ann", "bob"):
        assert run(["hub", "user", name, *data]) == 0
    assert run(["hub", "org", "lab", "--member", "ann:admin", "--member", "bob:read", *data]) == 0
    assert "ann: admin\nbob: read\n" in capsys.readouterr().err
    assert run(["hub", "org", "lab", "--remove", "bob", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out) == {"organisation": "lab", "created": False, "members": {"ann": "admin"}}
    for wrong, code in (("ann", 2), ("ann:owner", 2), (":read", 2), ("nobody:read", 2)):
        assert run(["hub", "org", "lab", "--member", wrong, *data]) == code
    assert run(["hub", "org", "datasets", *data]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_tokens_are_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "hub")]
    assert run(["hub", "token", "ann", "--label", "laptop", *data]) == 0
    secret = capsys.readouterr().out.strip()
    assert run(["hub", "token", "ann", "--list", *data]) == 0
    shown = capsys.readouterr().out
    assert shown == "laptop\thub:read, hub:write\tvalid\n"
    assert secret not in shown
    assert run(["hub", "token", "ann", "--revoke", "laptop", *data]) == 0
    assert run(["hub", "token", "ann", "--list", "--json", *data]) == 0
    assert [token["valid"] for token in json.loads(capsys.readouterr().out)] == [False]
    assert run(["hub", "token", "ann", "--revoke", "laptop", *data]) == 2
