"""The commands on the local catalogue, as a user types them."""

import json
from pathlib import Path

import pytest
from queue_rows import CHECKPOINT, MODEL, fill

from prunarium.cli import run as run_command
from registry import queries
from registry.db.schema import head, open_catalogue
from registry.db.session import session_scope
from registry.records import RevisionRecord
from registry.settings import load_settings


@pytest.fixture
def home() -> Path:
    """A catalogue with one published model and a suite."""
    settings = load_settings()
    engine = open_catalogue(settings)
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        queries.upsert_model(session, type(MODEL)(**{**vars(MODEL), "hub_id": "org/net"}))
        queries.register_revision(
            session,
            checkpoint,
            RevisionRecord(
                hub_endpoint="http://hub", hub_repo="org/net", commit_oid="abcdef1" + "0" * 33,
                file_name="model.safetensors", file_sha256="b" * 64, size_bytes=1,
            ),
        )  # fmt: skip
    engine.dispose()
    return settings.home


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_upgrade_and_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "db", "check")[0] == 1
    code, out, _ = run(capsys, "db", "upgrade", "--json")
    assert (code, json.loads(out)) == (0, {"schema_before": None, "schema_after": head(), "changed": True})
    assert "already" in run(capsys, "db", "upgrade")[2]
    code, out, _ = run(capsys, "db", "check", "--json")
    assert (code, json.loads(out)) == (0, {"schema": head(), "sound": True})


def test_a_damaged_file_is_found(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    path = home / "catalogue.sqlite"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    code, _, err = run(capsys, "db", "check")
    assert code == 1
    assert "damaged" in err
    assert "Traceback" not in err


def test_submit_watch_and_withdraw(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, _ = run(capsys, "submit", "gmp/net/0.90", "--json")
    submitted = json.loads(out)
    assert (code, submitted["created"], submitted["state"]) == (0, True, "received")
    assert (submitted["hub_repo"], submitted["revision"]) == ("org/net", "abcdef1" + "0" * 33)
    assert submitted["suite"] == "demo@1"
    public_id = submitted["public_id"]

    assert "Already submitted" in run(capsys, "submit", "org/net@abcdef1")[2]
    shown = json.loads(run(capsys, "status", public_id, "--json")[1])
    assert [step["new_state"] for step in shown["transitions"]] == ["received"]
    assert public_id in run(capsys, "status")[1]
    assert "received" in run(capsys, "status", public_id)[1]

    assert run(capsys, "withdraw", public_id, "--reason", "a mistake")[0] == 0
    listed = json.loads(run(capsys, "status", "--json")[1])
    assert [(row["state"], row["detail"]) for row in listed["submissions"]] == [("withdrawn", "a mistake")]
    assert run(capsys, "status", public_id)[2] == "a mistake\n"
    code, _, err = run(capsys, "withdraw", public_id)
    assert code == 1
    assert "is withdrawn" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("submit", "org/net", "--suite", "dem"), "no suite 'dem'"),
        (("submit", "gmp/net/0.95"), "not on a hub"),
        (("submit", "just-a-name"), "not on a hub"),
        (("status", "nothing"), "no submission 'nothing'"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_an_unknown_repository_is_taken_at_its_word(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """The check, not the hand-in, asks the hub."""
    submitted = json.loads(run(capsys, "submit", "stranger/model@v1", "--json")[1])
    assert (submitted["hub_repo"], submitted["revision"]) == ("stranger/model", "v1")
    assert submitted["hub_endpoint"] == "https://huggingface.co"
    assert CHECKPOINT.densified_hash not in str(submitted)
