"""Campaigns from the authors' files to the table, on narrow networks and miniature data, through a hub."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from authors_files import write_converted, write_plain
from colour_images import COLOURS, write_colours
from hub_fixture import RunningHub

from benchmark.campaigns import Campaign, Entry, Making, find_campaign, running
from benchmark.campaigns.running import Place, folder_of, run_campaign
from benchmark.suites import Cell, Suite, find_suite, load_suites
from benchmark.tasks import TASKS, ImageManifest, SplitFacts, UpstreamTask
from prunarium.cli import run
from registry import queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.settings import Settings, load_settings
from zoo.checkpoint.slug import parse_slug
from zoo.core.files import sha256_of_file
from zoo.data import load_data

UPSTREAM = "colours@1"
SUITE = Suite("quick", "miniature", "Miniature", (Cell(UPSTREAM, "as-published@1"), Cell("cost@1", "as-published@1")))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Three colours as the data that networks were trained on, and a suite of them under the name of ``quick``."""
    spec = f"folder:{write_colours(tmp_path / 'colours', count=10)}"
    found = load_data(spec)
    task = UpstreamTask(
        name="colours",
        version="1",
        title="Colours",
        primary_metric="top1@1",
        source="made by the test",
        fitting_fraction=0.5,
        data=ImageManifest(
            name=spec,
            sha256=found.sha256,
            class_names=tuple(sorted(COLOURS)),
            splits={name: SplitFacts(len(split), split.histogram(3)) for name, split in found.splits.items()},
            licence="CC0-1.0",
            citation="nobody",
        ),
    )
    TASKS.register(UPSTREAM)(task)
    suites = {**load_suites(), find_suite("quick").id: SUITE}
    monkeypatch.setattr("benchmark.suites.load_suites", lambda: suites)
    yield spec
    TASKS._entries.pop(UPSTREAM)


@pytest.fixture
def settings(hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A catalogue and a namespace of the test's own on the hub."""
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    assert run(["db", "upgrade"]) == 0
    return load_settings()


def _miniature(name: str, spec: str) -> Campaign:
    """A campaign of the project with the miniature task in the place of ImageNet."""
    campaign = find_campaign(name)
    entries = tuple(_small(entry) for entry in campaign.entries)
    return replace(campaign, upstream=UPSTREAM, data=spec, entries=entries)


def _small(entry: Entry) -> Entry:
    """Random weights have neither torchvision's hash nor its accuracy; no file is fetched."""
    making = None if entry.make is None else Making(
        method=entry.make.method, sparsity=entry.make.sparsity, epochs=1, settings=("batch_size=8",)
    )  # fmt: skip
    return replace(entry, sha256_prefix=None, weights=None, make=making)


def _in_resnet18(entry: Entry) -> Entry:
    """The same tensors by name, in fewer blocks."""
    parent = entry.parent and entry.parent.replace("resnet50", "resnet18", 1)
    return replace(entry, slug=entry.slug.replace("resnet50", "resnet18", 1), parent=parent)


def _write(entry: Entry, files: Path, seed: int) -> None:
    slug = parse_slug(entry.slug)
    path = files / f"{entry.file_stem}.pth"
    if slug.method == "dense":
        write_plain(path, slug.architecture, seed)
    else:
        write_converted(path, slug.architecture, float(slug.sparsity), seed)


@pytest.mark.slow
def test_what_fails_is_in_the_table_and_stops_nothing(
    data: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash that differs, a page, a licence that forbids it, a server that is away; then what was missing is there."""
    files = tmp_path / "files"
    files.mkdir()
    study = _miniature("sparse-transfer-2022", data)
    parent = study.entries[0].slug
    dense, sparse, lost, by_hand = (replace(entry, parent=entry.parent and parent) for entry in study.entries[:4])
    left_out = next(entry for entry in study.entries if entry.left_out)
    away = replace(lost, page=False, address="https://example.org/gone.pth")
    _write(dense, files, 0)
    _write(sparse, files, 1)
    sparse = replace(sparse, sha256="0" * 64)
    campaign = replace(study, entries=(dense, sparse, away, by_hand, left_out))

    def refuse(url: str, folder: Path) -> Path:
        from zoo.errors import ForeignFileError

        raise ForeignFileError(f"{url} cannot be fetched: {httpx.ConnectError('no route')}.", "Try again.")

    monkeypatch.setattr(running, "fetch", refuse)
    place = Place(folder_of(campaign, settings), files)
    rows = run_campaign(campaign, settings, place)
    assert [row.stage for row in rows] == ["measured", "import", "import", "import", "left out"]
    assert "hashes to" in (rows[1].detail or "")
    assert "cannot be fetched: no route" in (rows[2].detail or "")
    assert f"Put it into a folder as {by_hand.file_stem}.pth" in (rows[3].detail or "")
    assert rows[0].numbers > 0
    assert (rows[0].verdict, rows[0].claimed) == ("outside", 0.7613)  # random weights are not torchvision's
    assert json.loads((place.out / running.STATE).read_text())[1]["stage"] == "import"

    sparse = replace(sparse, sha256=sha256_of_file(files / f"{sparse.file_stem}.pth"))
    again = run_campaign(replace(campaign, entries=(dense, sparse, left_out)), settings, place)
    assert [row.stage for row in again] == ["measured", "measured", "left out"]
    assert again[0] == rows[0]
    assert again[1].sparsity == pytest.approx(0.8, abs=0.005)


@pytest.mark.slow
def test_the_transfer_study_is_rehearsed_from_end_to_end(data: str, settings: Settings, tmp_path: Path) -> None:
    """Every entry that may be passed on, from a file with the authors' own names of tensors."""
    files = tmp_path / "files"
    files.mkdir()
    campaign = _miniature("sparse-transfer-2022", data)
    there = [entry for entry in campaign.entries if entry.left_out is None]
    for seed, entry in enumerate(there):
        _write(entry, files, seed)
    rows = run_campaign(campaign, settings, Place(tmp_path / "out", files))
    assert {row.slug: row.stage for row in rows} == {
        entry.slug: "left out" if entry.left_out else "measured" for entry in campaign.entries
    }, [row.detail for row in rows]
    for entry, row in zip(campaign.entries, rows, strict=True):
        if entry.left_out is None:
            assert row.sparsity == pytest.approx(float(parse_slug(entry.slug).sparsity), abs=0.005)
            assert (row.failed_jobs, row.ours is not None) == (0, True)
    engine = open_catalogue(settings)
    with session_scope(engine) as session:
        found = queries.get_model(session, "ac-dc/resnet50/0.80")
    engine.dispose()
    assert found is not None
    assert found.availability == "hub"


@pytest.mark.slow
def test_one_of_every_family_is_rehearsed_from_end_to_end(data: str, settings: Settings, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    campaign = _miniature("families-resnet50", data)
    campaign = replace(campaign, entries=tuple(_in_resnet18(entry) for entry in campaign.entries))
    dense = campaign.entries[0]
    # The zoo prunes networks of full width only.
    write_plain(files / f"{dense.file_stem}.pth", dense.network, width=1)
    rows = run_campaign(campaign, settings, Place(tmp_path / "out", files))
    assert [row.stage for row in rows] == ["measured"] * 5, [row.detail for row in rows]
    assert [row.sparsity for row in rows] == pytest.approx([0.0, 0.9, 0.9, 0.9, 0.9], abs=0.005)
    assert [row.verdict for row in rows[1:]] == ["no claim"] * 4
