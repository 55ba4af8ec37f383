"""Pulling through a server: the catalogue is there, the bytes are on a hub, and neither is told the other's secret."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_fixture import RunningHub
from network_folders import write_network
from site_server import answer, fake_server, running_site
from sqlalchemy import Engine

from prunarium.cli import run as run_command
from registry.publish import Published, publish
from registry.settings import load_settings
from registry.sources.memory import Memory


@pytest.fixture
def published(hub: RunningHub, sqlite_catalogue: Engine, tmp_path: Path) -> Published:
    folder = write_network(tmp_path / "made", seed=71)
    return publish(
        folder.path, engine=sqlite_catalogue, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )


@pytest.fixture
def elsewhere(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A machine with the hub's token and without a catalogue."""
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    yield monkeypatch
    assert not (load_settings().home / "catalogue.sqlite").exists()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_a_pull_is_verified_by_the_servers_catalogue_and_needs_it_only_once(
    capsys: pytest.CaptureFixture[str], published: Published, sqlite_catalogue: Engine, elsewhere: pytest.MonkeyPatch
) -> None:
    with running_site(sqlite_catalogue) as address:
        elsewhere.setenv("PRUNARIUM_URL", address)
        code, out, err = run(capsys, "pull", published.slug, "--json")
        assert code == 0, err
        assert err.startswith(f"Asking the server {address}.\n")
        (got,) = json.loads(out)
        assert (got["commit"], got["verified_by"]) == (published.commit, "catalogue")
        assert got["densified_hash"] == published.densified_hash
        code, out, _ = run(capsys, "pull", f"{published.repo_id}@{published.commit}", "--json")
        assert json.loads(out)[0]["verified_by"] == "catalogue"
        assert f"prunarium pull {published.slug}" in run(capsys, "search", "--json")[1]
    for target in (published.slug, f"{published.repo_id}@{published.commit}"):
        code, out, err = run(capsys, "pull", target, "--json")
        assert (code, json.loads(out)[0]["from_cache"]) == (0, True)
        assert f"{address} cannot be reached" in err
        assert "Going by what it said of this before." in err
    for arguments in (("search",), ("pull", "rigl/resnet50/0.90"), ("pull", "--all")):
        code, out, err = run(capsys, *arguments)
        assert (code, "cannot be reached" in err) == (1, True)
        assert "Going by" not in err


def test_no_server_sees_the_hubs_token(
    capsys: pytest.CaptureFixture[str], hub: RunningHub, elsewhere: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"error": {"message": "There is none.", "hint": None}}).encode()
    with fake_server(answer(404, body)) as server:
        elsewhere.setenv("PRUNARIUM_URL", server.address)
        elsewhere.setenv("PRUNARIUM_TOKEN", "prn_for-the-server")
        for arguments in (("pull", "gmp/net/0.90"), ("pull", "org/name"), ("search",), ("submit", "a/b"), ("status",)):
            assert run(capsys, *arguments)[0] in (1, 2)
        assert len(server.asked) >= 5
        assert hub.token not in str(server.asked)
        assert set(server.secrets) == {"Bearer prn_for-the-server"}


def test_answers_of_one_server_are_never_those_of_another(tmp_path: Path) -> None:
    one, other = Memory(tmp_path, "https://one"), Memory(tmp_path, "https://other")
    one.keep("models/a", {"x": 1})
    assert one.recall("models/a") == {"x": 1}
    assert one.recall("models/b") is other.recall("models/a") is None
    next(tmp_path.rglob("*.json")).write_bytes(b"\xff{")
    assert one.recall("models/a") is None
    (tmp_path / "file").write_bytes(b"")
    Memory(tmp_path / "file", "x").keep("models/a", {})
