"""``submit``, ``status`` and ``withdraw`` as a user types them: at home, at a server, and where there is neither."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from queue_rows import CHECKPOINT, MODEL, fill
from site_server import running_site
from sqlalchemy import Engine

from leaderboard.settings import SiteSettings
from prunarium.cli import run as run_command
from registry import queries, submissions
from registry.accounts import create_account, issue_token
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.reasons import Reason, told
from registry.records import RevisionRecord
from registry.settings import load_settings

COMMIT = "abcdef1" + "0" * 33
FIELDS = {
    "account", "created_us", "detail", "flagged", "hub_endpoint", "hub_repo", "kind", "method", "note", "parent",
    "public_id", "reason", "replaces", "revision", "state", "suite", "training_data", "updated_us", "visibility",
}  # fmt: skip


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The local catalogue, with one published model and a suite."""
    engine = open_catalogue(load_settings())
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        queries.upsert_model(session, replace(MODEL, hub_id="org/net"))
        queries.register_revision(
            session,
            checkpoint,
            RevisionRecord(
                hub_endpoint="http://hub", hub_repo="org/net", commit_oid=COMMIT, file_name="model.safetensors",
                file_sha256="b" * 64, size_bytes=1,
            ),
        )  # fmt: skip
        create_account(session, "ada")
    yield engine
    engine.dispose()


@pytest.fixture(params=["local", "server"])
def place(
    request: pytest.FixtureRequest, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """How the place that answers is called: the local catalogue, or a server of it."""
    if request.param == "local":
        yield f"the catalogue {load_settings().home}/catalogue.sqlite"
        return
    with session_scope(engine, write=True) as session:
        token = issue_token(session, "ada", "laptop", ["submit"])
    with running_site(engine, SiteSettings(hub_endpoint="http://hub")) as address:
        monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("PRUNARIUM_URL", address)
        monkeypatch.setenv("PRUNARIUM_TOKEN", token)
        yield f"the server {address}"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_submit_watch_and_withdraw(capsys: pytest.CaptureFixture[str], place: str) -> None:
    code, out, err = run(capsys, "submit", "gmp/net/0.90", "--json")
    submitted = json.loads(out)
    assert (code, err) == (0, f"Asking {place}.\n")
    assert set(submitted) == FIELDS | {"created"}
    assert (submitted["created"], submitted["state"], submitted["suite"]) == (True, "received", "demo@1")
    assert (submitted["hub_repo"], submitted["revision"]) == ("org/net", COMMIT)
    public_id = submitted["public_id"]

    again = run(capsys, "submit", "org/net@abcdef1")[2]
    assert "Already submitted" in again
    assert ("prunarium worker" in again) == ("catalogue" in place)
    shown = json.loads(run(capsys, "status", public_id, "--json")[1])
    assert set(shown) == {"submission", "transitions", "jobs", "jobs_ahead", "reasons", "values", "position"}
    assert set(shown["submission"]) == FIELDS
    assert [step["new_state"] for step in shown["transitions"]] == ["received"]
    assert public_id in run(capsys, "status")[1]
    assert "received" in run(capsys, "status", public_id)[1]

    assert run(capsys, "withdraw", public_id, "--reason", "a mistake")[0] == 0
    listed = json.loads(run(capsys, "status", "--json")[1])
    assert [(row["state"], row["detail"]) for row in listed["submissions"]] == [("withdrawn", "a mistake")]
    assert listed["jobs"] == {}
    assert run(capsys, "status", public_id)[2] == f"Asking {place}.\na mistake\n"
    code, out, err = run(capsys, "withdraw", public_id, "--json")
    assert (code, out) == (1, "")
    assert "is withdrawn" in err


def test_publish_edit_and_submit_again(capsys: pytest.CaptureFixture[str], place: str) -> None:
    declared = ("--method", "@ada/Wise", "--parent", "org/dense", "--training-data", "ImageNet-1k train")
    first = json.loads(run(capsys, "submit", "org/net", *declared, "--note", "draft", "--json")[1])
    assert [first[name] for name in ("method", "parent", "training_data", "note")] == [*declared[1::2], "draft"]
    public_id = first["public_id"]
    changed = run(capsys, "edit", public_id, "--visibility", "public", "--note", "")[2]
    assert "is public" in changed
    assert "will be on the board when it is done" in changed
    edited = json.loads(run(capsys, "edit", public_id, "--method", "@ada/Wiser", "--json")[1])
    assert (edited["method"], edited["note"], edited["visibility"]) == ("@ada/Wiser", None, "public")

    assert "in the place of" in run(capsys, "resubmit", public_id, "--revision", "v2")[2]
    new, old = json.loads(run(capsys, "status", "--json")[1])["submissions"]
    assert (new["replaces"], new["revision"], new["method"], old["state"]) == (
        public_id,
        "v2",
        "@ada/Wiser",
        "withdrawn",
    )


def test_watching_says_each_change_and_ends_with_the_submission(
    capsys: pytest.CaptureFixture[str], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = json.loads(run(capsys, "submit", "org/net", "--json")[1])["public_id"]
    reasons = (Reason("pickle_present", "optimizer.pt"), Reason("licence_missing", "no licence"))

    def refused(_seconds: float) -> None:
        with session_scope(engine, write=True) as session:
            if submissions.claim_check(session, "w") is not None:
                return
            submissions.reject(session, public_id, 1, "w", "pickle_present", told(reasons))

    monkeypatch.setattr("time.sleep", refused)
    code, _, err = run(capsys, "status", public_id, "--watch")
    assert code == 0
    said = [line.removeprefix(f"{public_id}: ") for line in err.splitlines() if line.startswith(public_id)]
    nobody = ", no worker was heard of lately"
    assert said == [f"received{nobody}", f"checking{nobody}", "rejected"]
    for reason in reasons:
        assert f"{reason.code}: {reason.explanation.sentence}\n  {reason.detail}\n  {reason.explanation.remedy}" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("status", "--watch"), "Only one submission can be watched"),
        (("edit", "nothing", "--note", "x"), "no submission 'nothing'"),
        (("edit", "nothing"), "Nothing is to change"),
        (("resubmit", "nothing"), "no submission 'nothing'"),
        (("submit", "org/net", "--method", "wise"), "'wise' is no name of a method"),
        (("submit", "org/net", "--parent", "not a model"), "names no model"),
        (("submit", "org/net", "--suite", "dem"), "no suite 'dem'"),
        (("submit", "gmp/net/0.95"), "not on a hub"),
        (("submit", "just-a-name"), "names no model"),
        (("status", "nothing"), "no submission 'nothing'"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], place: str, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("error:") == 1


def test_an_unknown_repository_is_taken_at_its_word(capsys: pytest.CaptureFixture[str], place: str) -> None:
    """The check, not the hand-in, asks the hub."""
    submitted = json.loads(run(capsys, "submit", "https://huggingface.co/stranger/model@v1", "--json")[1])
    assert (submitted["hub_repo"], submitted["revision"]) == ("stranger/model", "v1")
    assert submitted["hub_endpoint"] == "https://huggingface.co"
    plain = json.loads(run(capsys, "submit", "stranger/model", "--json")[1])
    assert plain["hub_endpoint"] == ("https://huggingface.co" if "catalogue" in place else "http://hub")
    assert CHECKPOINT.densified_hash not in str(submitted)


@pytest.mark.parametrize("arguments", [("submit", "org/net"), ("status",), ("status", "abc"), ("withdraw", "abc")])
def test_without_a_server_and_a_catalogue_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, *arguments, "--json")
    assert (code, out) == (1, "")
    assert "published rows that came with this package" in err
    assert "prunarium login URL" in err
    assert "prunarium benchmark sync" in err
    assert not (load_settings().home / "catalogue.sqlite").exists()


def test_a_server_that_is_down_is_not_replaced_by_the_local_catalogue(
    capsys: pytest.CaptureFixture[str], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNARIUM_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PRUNARIUM_TOKEN", "prn_secret")
    for arguments in (("submit", "gmp/net/0.90"), ("status",), ("search",), ("pull", "gmp/net/0.90")):
        code, out, err = run(capsys, *arguments)
        assert (code, out) == (1, "")
        assert "http://127.0.0.1:9 cannot be reached" in err
        assert "prn_secret" not in err
