"""Kill the server anywhere: what was answered stays, what was not is nowhere to be seen, and nothing is left damaged.

A child process serves a hub and works on it: uploads, commits, deletes, collects garbage without any grace worth the
name. It notes each answer in a journal. SIGKILL meets it at a random call of a function of ours, in whatever thread;
then the hub is opened again and judged by the journal and by `prunarium hub verify`.
"""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import harness
import pytest
from hub_folders import opened
from raw_http import RawClient

from registry.hub_server.collecting import collect
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.verifying import verify

WORKER = Path(__file__).parents[2] / "support" / "hub_worker.py"
PACKAGES = ["registry"]


@dataclass(frozen=True)
class Journal:
    """What the worker was answered: files by commit, and the file that it had asked for last."""

    commits: list[tuple[str, dict[str, str]]]
    asked: dict[str, str] | None


def read_journal(path: Path) -> Journal:
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    commits = [(row["oid"], row["files"]) for row in rows if "oid" in row]
    return Journal(commits, rows[-1]["files"] if rows and "oid" not in rows[-1] else None)


def judge(folder: Path, token: str, journal: Journal) -> None:
    """Every answered commit is there, whole; the head is the last one answered or the one that was asked for."""
    with EmbeddedHub(folder) as hub:
        raw = RawClient(hub.endpoint, token)
        known = opened(hub, folder)
        assert list(verify(known)) == []
        for oid, files in journal.commits:
            for path, content in files.items():
                assert raw("GET", f"/alice/m/resolve/{oid}/{path}").body.decode() == content, (oid, path)
        allowed = [files for files in [journal.commits[-1][1], journal.asked] if files is not None]
        siblings = [item["rfilename"] for item in raw("GET", "/api/models/alice/m").json["siblings"]]
        head = {path: raw("GET", f"/alice/m/resolve/main/{path}").body.decode() for path in siblings if path[0] != "."}
        assert head in allowed
        collect(known, 0.0)
        assert list(verify(known)) == []
        assert raw("GET", "/api/models").status == 200


def undisturbed(folder: Path, turns: int) -> tuple[str, int]:
    """(token, calls): a hub with one answered commit, and how many calls of ours a whole run of the worker makes."""
    with EmbeddedHub(folder / "template") as hub:
        token = hub.token_for("alice")
        RawClient(hub.endpoint, token)("POST", "/api/repos/create", {"name": "m"})
    shutil.copytree(folder / "template", folder / "counted")
    arguments = [str(WORKER), str(folder / "counted"), token, str(folder / "counted.journal"), str(turns)]
    return token, harness.count_calls(arguments, PACKAGES)


def torment(folder: Path, seed: int, times: int, turns: int) -> int:
    """Kill ``times`` runs, each at another call; returns how many were killed (others ended before)."""
    token, total = undisturbed(folder, turns)
    whole = read_journal(folder / "counted.journal")
    assert len(whole.commits) == turns
    judge(folder / "counted", token, whole)
    killed = 0
    for call in harness.seeded_calls(total, times, seed):
        place = folder / str(call)
        shutil.copytree(folder / "template", place)
        arguments = [str(WORKER), str(place), token, f"{place}.journal", str(turns)]
        killed += harness.run_killed_at_call(arguments, PACKAGES, call).killed
        journal = read_journal(Path(f"{place}.journal"))
        if journal.commits:
            judge(place, token, journal)
        shutil.rmtree(place)
    return killed


@pytest.mark.slow
def test_killed_at_a_few_points(tmp_path: Path) -> None:
    assert torment(tmp_path, seed=1, times=2, turns=2) >= 1


@pytest.mark.torture
def test_killed_at_two_hundred_points(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - a failure must be repeatable
    assert torment(tmp_path, seed, times=200, turns=6) >= 150
