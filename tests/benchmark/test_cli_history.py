"""The commands that look back, on the published rows: they need no torch and no jobs."""

import json
from pathlib import Path

import pytest

from benchmark.sync import sync
from prunarium.cli import run
from registry.db.schema import open_catalogue
from registry.settings import load_settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with the published rows."""
    made = tmp_path_factory.mktemp("home")
    engine = open_catalogue(load_settings({"PRUNARIUM_HOME": str(made)}))
    sync(engine)
    engine.dispose()
    return made


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(home))


def test_effective_robustness_is_listed_against_both_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "robustness", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    found = {(row["model"], row["shift"], row["against"], row["transform"]): row for row in rows}
    augmix = next(
        row
        for key, row in found.items()
        if "augmix" in key[0] and key[1:] == ("imagenet-r@testbed", "testbed", "logit")
    )
    assert 100 * augmix["value"] == pytest.approx(2.672265100805234, rel=1e-4)  # golden; the row has four decimals
    assert augmix["low"] < augmix["value"] < augmix["high"]
    assert {row["against"] for row in rows if row["missing_reason"] is None} == {"testbed", "zoo"}
    reasons = {row["missing_reason"] for row in rows} - {None}
    assert "the testbed has no line for cifar10.1" in reasons
    assert all((row.get("value") is None) == bool(row["missing_reason"]) for row in rows)


def test_one_model_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "robustness", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    name = next(row["model"] for row in rows if row["missing_reason"] is None)
    assert run(["benchmark", "robustness", "--models", name]) == 0
    said = capsys.readouterr()
    assert name in said.out
    row = next(row for row in rows if row["model"] == name and row["missing_reason"] is None)
    assert f"{100 * row['value']:+.2f} [{100 * row['low']:+.2f}" in said.out, "the number is not left out for its width"
    missing = [row["missing_reason"] for row in rows if row["model"] == name and row["missing_reason"] is not None]
    assert f"{missing.count(missing[0])} without a number: {missing[0]}" in said.err
    assert run(["benchmark", "robustness", "--models", "nobody"]) == 2


def test_pictures_are_written_beside_their_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "plots", "--out", str(tmp_path / "out"), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{plot['name']}.{ending}" for plot in written for ending in ("svg", "json")
    }
    scatter = json.loads((tmp_path / "out" / "robustness-imagenet_sketch_timm.json").read_text())
    assert scatter["against"] == "testbed"
    assert len([point for point in scatter["models"] if point["kind"] == "standard"]) == 85
    svg = (tmp_path / "out" / "robustness-imagenet_sketch_timm.svg").read_text()
    assert svg.startswith("<svg xmlns=")
    assert "modestyachts/imagenet-testbed" in svg
