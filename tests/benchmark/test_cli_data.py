"""``prunarium benchmark data`` as it is typed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from miniature_archives import small_manifest, write_archive
from shift_archives import write_pair, write_severities
from typer.testing import CliRunner

from benchmark import data as data_module
from benchmark.cli import app
from benchmark.errors import ManifestError, UnverifiedDataError
from benchmark.shifts import SHIFTS, PublishedShift
from benchmark.tasks import SourcedManifest
from zoo.core.errors import UsageError


def _run(*words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["data", *words, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourcedManifest:
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    write_archive("pets", tmp_path / "data" / "pets", monkeypatch)
    manifest = small_manifest("pets")
    monkeypatch.setattr(data_module, "manifests", lambda *_: [manifest])
    return manifest


def test_status_lists_every_data_set_and_what_to_type_next() -> None:
    code, rows = _run("status")
    assert code == 0
    names = {"aircraft", "birdsnap", "sun397", "imagenet", "imagenet-c", "imagenet-c-extra", "objectnet", "cifar10.1"}
    assert {row["name"] for row in rows} >= names | {"openood-near", "openood-far"}
    for row in rows:
        assert row["state"] == "missing"
        assert row["command"].startswith((f"prunarium benchmark data fetch {row['name']}", "export PRUNARIUM_"))
        assert row["licence"]
    assert {row["name"] for row in rows if row["gated"]} >= {"imagenet", "objectnet", "openood-far"}


def test_a_shift_is_unverified_until_it_is_pinned_and_checked_as_tasks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pair(tmp_path / "pair", 10)
    shift = SHIFTS["cifar10.1@1"]
    assert isinstance(shift, PublishedShift)
    small = replace(shift, n_each=10, per_class=None)
    monkeypatch.setitem(SHIFTS._entries, "cifar10.1@1", small)
    assert _run("status", "cifar10.1")[1][0]["state"] == "missing"
    monkeypatch.setenv("PRUNARIUM_CIFAR10_1", str(tmp_path / "pair"))
    (row,) = _run("status", "cifar10.1")[1]
    assert (row["state"], row["source"], row["sha256"]) == ("unverified", str(tmp_path / "pair"), None)
    assert row["command"] == "prunarium benchmark data fetch cifar10.1 --pin"
    code, rows = _run("fetch", "cifar10.1")
    assert (code, rows[0]["verified"]) == (0, False)
    with pytest.raises(UnverifiedDataError, match="is unverified"):
        small.image_sets()[""]
    assert _run(*row["command"].split()[3:])[1] == [{**rows[0], "verified": True}]
    assert _run("status", "cifar10.1")[1][0]["state"] == "have"
    assert small.data_sha256() == {"cifar10.1@1": rows[0]["sha256"]}
    assert len(small.image_sets()[""].images) == 10
    assert _run("check") == (0, [{"name": "cifar10.1", "differences": []}])
    labels = np.load(tmp_path / "pair" / "cifar10.1_v6_labels.npy")
    np.save(tmp_path / "pair" / "cifar10.1_v6_labels.npy", labels[::-1])
    code, rows = _run("check", "cifar10.1")
    assert code == 1
    assert "expected data with sha256" in rows[0]["differences"][0]
    with pytest.raises(ManifestError, match="not those that were pinned"):
        replace(small, version="read anew").image_sets()[""]


def test_each_condition_has_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_severities(tmp_path / "c", ["fog"], 10, 10)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_C", str(tmp_path / "c"))
    shift = SHIFTS["cifar10-c@1"]
    assert isinstance(shift, PublishedShift)
    small = replace(shift, n_each=10, per_class=1, shown=("fog/1", "fog/2"))
    monkeypatch.setitem(SHIFTS._entries, "cifar10-c@1", small)
    assert _run("fetch", "cifar10-c", "--pin")[0] == 0
    assert set(small.data_sha256()) == {"cifar10-c@1/fog/1", "cifar10-c@1/fog/2"}
    assert len(set(small.data_sha256().values())) == 2
    changed = np.load(tmp_path / "c" / "fog.npy")
    changed[10:] += 1
    np.save(tmp_path / "c" / "fog.npy", changed)
    other = replace(small, version="read anew")
    assert len(other.image_sets()["fog/1"].images) == 10
    with pytest.raises(ManifestError, match=r"cifar10-c@read anew \(fog/2\)"):
        other.image_sets()["fog/2"]
    (difference,) = _run("check", "cifar10-c")[1][0]["differences"]
    assert "(fog/2): expected data with sha256" in difference
    moved = tmp_path / "moved"
    (tmp_path / "c").rename(moved)
    assert _run("status", "cifar10-c")[1][0]["state"] == "missing"


def test_status_is_a_table_for_people() -> None:
    result = CliRunner().invoke(app, ["data", "status", "food101"])
    assert "5.0 GB" in result.stdout
    assert "aircraft" not in result.stdout


@pytest.mark.usefixtures("pets")
def test_fetch_then_pin_then_check_then_damage(tmp_path: Path) -> None:
    code, rows = _run("fetch", "pets")
    assert (code, rows[0]["spec"], rows[0]["verified"]) == (0, "archive:pets", False)
    assert _run("fetch", "pets", "--pin")[1] == [{**rows[0], "verified": True}]
    assert _run("status")[1][0]["state"] == "have"
    assert _run("check", "pets") == (0, [{"name": "pets", "differences": []}])
    next((tmp_path / "data" / "pets").rglob("*.jpg")).write_bytes(b"other bytes")
    code, rows = _run("check")
    assert code == 1
    assert "expected data with sha256" in rows[0]["differences"][0]


@pytest.mark.usefixtures("pets")
def test_a_copy_of_ones_own_is_checked_without_being_recorded(tmp_path: Path) -> None:
    place = f"archive:pets@{tmp_path / 'data' / 'pets'}"
    assert _run("check", "pets", "--from", place) == (0, [{"name": "pets", "differences": []}])
    assert _run("status")[1][0]["state"] == "missing"
    assert _run("fetch", "pets", "--from", place)[1][0]["spec"] == place


def test_check_says_when_there_is_nothing_yet() -> None:
    result = CliRunner().invoke(app, ["data", "check"])
    assert result.exit_code == 0
    assert "Nothing has been fetched yet" in result.stderr
    code, rows = _run("check", "pets")
    assert code == 1
    assert rows[0]["differences"] == ["pets has not been fetched: prunarium benchmark data fetch pets"]


def test_an_unknown_name_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match="no data set pet to fetch") as caught:
        _run("fetch", "pet")
    assert "pets" in (caught.value.hint or "")
