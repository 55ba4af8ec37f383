"""``prunarium pull`` as a user runs it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from shops import Shop
from sqlalchemy import Engine

from prunarium.cli import run
from registry.catalogue_entries import model_record
from registry.db.session import session_scope
from registry.queries import list_models, upsert_model
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS

FIELDS = [
    "target", "path", "repo_id", "commit", "weights", "held", "densified_hash", "verified_by", "from_cache", "repaired",
]  # fmt: skip


@pytest.fixture
def configured(sparse_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The environment of a user who has set the hub and the catalogue."""
    monkeypatch.setenv("PRUNARIUM_HUB", sparse_shop.hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", sparse_shop.engine.url.render_as_string())
    return sparse_shop


def documents(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run(["pull", *args, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_sparse_file_by_default_the_dense_one_on_request(
    configured: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = documents(capsys, configured.slug)
    assert list(row) == FIELDS
    assert (row["target"], row["weights"], row["verified_by"]) == (configured.slug, SPARSE_WEIGHTS, "catalogue")
    (dense,) = documents(capsys, configured.address(configured.hub.endpoint), "--dense", "--out", str(tmp_path / "out"))
    assert (dense["weights"], dense["path"], dense["from_cache"]) == (WEIGHTS, str(tmp_path / "out"), True)
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == configured.source.weights.read_bytes()


def test_a_person_reads_where_it_is_and_who_answered(configured: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pull", configured.slug]) == 0
    printed = capsys.readouterr()
    assert SPARSE_WEIGHTS in printed.out
    assert configured.published.commit[:10] in printed.out
    assert "the catalogue " in printed.err
    assert run(["pull", configured.slug]) == 0
    assert "1 of 1 came from the cache and were verified again." in capsys.readouterr().err


def test_several_models_get_a_folder_each_and_one_that_cannot_be_had_stops_no_other(
    configured: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parent = configured.source.provenance.parent or ""
    missing = f"{configured.hub.namespace}/absent"
    url = f"{configured.hub.endpoint}/{configured.published.repo_id}/tree/main"
    rows = documents(capsys, missing, url, parent, parent, "--out", str(tmp_path), code=1)
    assert [row["target"] for row in rows] == [missing, url, parent]
    assert list(rows[0]) == ["target", "error"]
    assert "no such repository" in rows[0]["error"]
    assert [Path(row["path"]).name for row in rows[1:]] == [
        configured.published.repo_id.rpartition("/")[2], parent.replace("/", "-")]  # fmt: skip
    assert (tmp_path / parent.replace("/", "-") / WEIGHTS).is_file()
    assert run(["pull", missing, parent]) == 1
    printed = capsys.readouterr()
    assert f"{missing}: " in printed.err
    assert "1 of 2 could not be pulled." in printed.err
    assert parent in printed.out


def test_all_that_is_on_a_hub(configured: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = model_record(
        replace(configured.source.provenance, slug="gmp/resnet8-digits/0.90-elsewhere"), "org/elsewhere"
    )
    with session_scope(configured.engine, write=True) as session:
        upsert_model(session, replace(elsewhere, availability="import"))
    rows = documents(capsys, "--all")
    assert {row["target"] for row in rows} == {configured.slug, configured.source.provenance.parent}
    assert documents(capsys, "--all", "--namespace", "nobody") == []


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "Name models, or give --all."),
        (["--all", "a/b"], 2, "Name models, or give --all."),
        (["not-a-model"], 2, "'not-a-model' names no model"),
        (["gmp/resnet50/0.90"], 2, "Find models with: prunarium search"),
    ],
)
def test_a_mistake_is_one_clear_error(
    args: list[str], code: int, message: str, configured: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pull", *args]) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_row_that_is_on_no_hub_says_how_to_get_it(
    reported_catalogue: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", reported_catalogue.url.render_as_string())
    with session_scope(reported_catalogue) as session:
        names = {row.availability: row.name for row in list_models(session) if row.availability != "hub"}
    assert {"import", "not_redistributable"} <= names.keys()
    for availability, name in names.items():
        assert run(["pull", name]) == 1
        printed = capsys.readouterr().err
        assert f"error: {name}" in printed
        assert ("SHA-256:" in printed) == (availability == "import")


def test_without_a_catalogue_a_hub_id_is_enough(
    sparse_shop: Shop, hub: RunningHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fresh machine: the published rows of the wheel answer, and the passport is what is checked against."""
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    (row,) = documents(capsys, sparse_shop.published.repo_id)
    assert (row["commit"], row["verified_by"]) == (sparse_shop.published.commit, "passport")
