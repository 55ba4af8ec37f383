"""The transfer tasks on their archives in miniature: right labels in the right order, refusals of everything else."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hub_fixture import RunningHub
from miniature import (
    CONVERTED,
    Sample,
    point_datasets_at,
    publish_converted,
    publish_tables,
    table,
    write_folders,
)
from miniature_archives import FIRST, TEST, TRAIN, WRITERS, parts, small_manifest, write_archive

from benchmark.data import check, fetch, status
from benchmark.data_records import DataRecord, read_records, write_record
from benchmark.errors import DataNotFetchedError, ManifestError, UnverifiedDataError
from benchmark.tasks import SourcedManifest, SplitFacts, find_task
from zoo.core.errors import PrunariumError, UsageError
from zoo.data.hub import HubSource
from zoo.errors import DataMissingError

every_task = pytest.mark.parametrize("name", sorted(WRITERS))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def pets(data: Path, monkeypatch: pytest.MonkeyPatch) -> SourcedManifest:
    write_archive("pets", data / "pets", monkeypatch)
    return small_manifest("pets")


def _truth(name: str) -> Mapping[str, list[Sample]]:
    found = parts()
    if name.startswith("caltech"):
        found["train"] = [sample for sample in found["train"] if int(sample.name[-4:]) < FIRST]
    return found


@every_task
def test_the_archive_is_read_as_it_is_published(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_archive(name, data / name, monkeypatch)
    manifest = small_manifest(name)
    fetch(manifest, f"archive:{name}", pin=True)
    loaded = manifest.load()
    assert loaded.class_names == manifest.class_names
    assert {split: part.histogram(3) for split, part in loaded.splits.items()} == {
        "train": (9, 9, 9) if name.startswith("caltech") else (11, 10, 9),
        "validation": (1, 1, 1),
        "test": TEST,
    }
    if name.startswith("cifar"):
        return  # pixels, not files: their ids are other hashes
    labels = {hashlib.sha256(s.data).hexdigest(): s.label for found in _truth(name).values() for s in found}
    for split in loaded.splits.values():
        assert [labels[image_id] for image_id in split.ids] == split.labels.tolist()


@every_task
def test_a_copy_in_folders_is_the_same_data(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = small_manifest(name)
    names = [class_name.replace("/", "_").upper() for class_name in manifest.class_names]
    for split, found in _truth(name).items():
        write_folders(data / "copy" / split, found, names)
    record = fetch(manifest, f"folder:{data / 'copy'}")
    if not name.startswith("cifar"):
        write_archive(name, data / name, monkeypatch)
        assert fetch(manifest, f"archive:{name}").sha256 == record.sha256


BESIDE = {"aircraft": ("family", "manufacturer"), "cars": ("id",), "cifar100": ("coarse_label",)}
"""Columns of the real repositories beside the image and the label (mteb's task definitions; cards of the data sets)."""


@every_task
def test_a_copy_on_a_hub_has_the_schema_of_its_source(
    name: str, hub: RunningHub, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    point_datasets_at(hub, monkeypatch)
    manifest = small_manifest(name)
    known = next((source.spec for source in manifest.sources if source.spec.startswith("hub:")), None)
    source = HubSource.parse((known or f"hub:a/{name}?train=train&test=test&image=image&label=label")[4:])
    names = [class_name.replace("/", " ") for class_name in manifest.class_names]
    order = sorted(range(3), key=lambda label: names[label].lower(), reverse=True)  # a copy may order its classes anew
    label = datasets.ClassLabel(names=[names[label] for label in order])
    # The same values under other names: whoever reads them gets wrong labels.
    other = datasets.Value("int64") if name == "cars" else datasets.ClassLabel(names=["x", "y", "z"])
    columns = {**dict.fromkeys(BESIDE.get(name, ()), other), str(source.label): label}
    tables = {}
    for ours, theirs in source.splits.items():
        found, pieces = _truth(name)[ours], theirs.split("+")
        for piece, split in enumerate(pieces):
            tables[split] = table(
                found[piece :: len(pieces)], str(source.image), columns, lambda sample: order.index(sample.label)
            )
    publish = publish_converted if source.revision == CONVERTED else publish_tables
    repo, _, revision = publish(hub, f"mini-{name}", tables).partition("@")
    fetch(manifest, replace(source, repo=repo, revision=revision).spec, pin=True)
    loaded = manifest.load()
    labels = {
        hashlib.sha256(sample.data).hexdigest(): sample.label for part in _truth(name).values() for sample in part
    }
    read = {
        image: label for split in loaded.splits.values() for image, label in zip(split.ids, split.labels, strict=True)
    }
    assert read == labels


def test_nothing_is_measured_on_images_that_were_not_fetched_or_not_pinned(pets: SourcedManifest) -> None:
    assert status(pets).state == "missing"
    with pytest.raises(DataNotFetchedError, match="have not been fetched") as caught:
        pets.load()
    assert caught.value.hint == "prunarium benchmark data fetch pets"
    record = fetch(pets)
    assert record == DataRecord("archive:pets", record.sha256, pinned=False)
    assert status(pets).state == "unverified"
    with pytest.raises(UnverifiedDataError, match="nobody has computed it") as unverified:
        pets.load()
    assert (unverified.value.hint or "").endswith("prunarium benchmark data fetch pets --pin")
    fetch(pets, pin=True)
    assert status(pets).state == "have"
    assert status(pets).command is None
    assert len(pets.split("test").labels) == sum(TEST)
    assert pets.sha256s == {"archive:pets": record.sha256}
    assert fetch(pets).pinned, "a copy that was pinned stays pinned while it is the same"


def test_a_known_hash_needs_no_pin_and_is_compared(pets: SourcedManifest) -> None:
    found = fetch(pets).sha256
    known = replace(pets, sources=tuple(replace(source, sha256=found) for source in pets.sources))
    fetch(known)
    assert status(known).state == "have"
    assert len(known.load().splits) == 3
    other = replace(pets, sources=tuple(replace(source, sha256="0" * 64) for source in pets.sources))
    with pytest.raises(ManifestError, match="has changed since the task was frozen: expected sha256 0000"):
        fetch(other)


def test_a_byte_that_changes_later_is_noticed(pets: SourcedManifest, data: Path) -> None:
    fetch(pets, pin=True)
    assert list(check(pets)) == []
    with next((data / "pets").rglob("*.jpg")).open("ab") as file:
        file.write(b"\0")
    assert "expected data with sha256" in next(iter(check(pets)))
    with pytest.raises(ManifestError, match="have changed: expected data with sha256"):
        replace(pets, licence="another manifest, not the one that is kept in memory").load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"splits": {"train": SplitFacts(3680), "test": SplitFacts(9)}}, "expected 3,680 images in train, got 33"),
        ({"splits": {"train": SplitFacts(33, (11, 11, 11)), "test": SplitFacts(9)}}, "expected the label histogram"),
        ({"class_names": ("Abyssinian", "Beagle", "Cat")}, r"expected the classes \('Abyssinian', 'Beagle', 'Cat'\)"),
        ({"class_names": ("Abyssinian",)}, "expected the classes"),
    ],
)
def test_another_copy_is_refused_with_every_difference(
    pets: SourcedManifest, change: dict[str, object], message: str
) -> None:
    wanted = replace(pets, **change)  # type: ignore[arg-type]
    with pytest.raises(ManifestError, match=message):
        fetch(wanted)
    assert message.partition("(")[0].rstrip("\\") in next(iter(check(wanted, "archive:pets")))
    assert read_records() == {}


def test_official_validation_images_train(pets: SourcedManifest, data: Path) -> None:
    found = parts()
    for split, chosen in {"train": found["train"][::2], "val": found["train"][1::2], "test": found["test"]}.items():
        write_folders(data / "three" / split, chosen, pets.class_names)
    with pytest.raises(ManifestError, match="has a validation split beside its train split"):
        fetch(pets, f"folder:{data / 'three'}")


@every_task
def test_known_wrong_copies_are_refused_by_name_without_a_look(name: str) -> None:
    manifest = small_manifest(name)
    for address, reason in manifest.wrong.items():
        with pytest.raises(ManifestError) as caught:
            fetch(manifest, f"{address}@main?train=train&test=test")
        assert reason in caught.value.message
    assert manifest.wrong or name in ("cars", "cifar10", "cifar100", "food101", "pets")


def test_the_traps_of_the_field_are_named() -> None:
    named = {address for name in WRITERS for address in small_manifest(name).wrong}
    # specs of the benchmark: mirrors that give a plausible accuracy which compares with nothing
    assert named >= {
        "hub:mteb/oxford-flowers",
        "hub:mteb/birdsnap",
        "hub:mteb/sun397",
        "hub:ilee0022/Caltech-256",
        "hub:mteb/FGVCAircraft",
        "hub:GATE-engine/describable_textures",
    }


def test_numbers_from_one_are_not_numbers_from_zero(data: Path) -> None:
    # A copy of Caltech-256 counts its labels from 1; taken as they are, every label would be off by one.
    manifest = small_manifest("pets")
    found = parts()
    for split, chosen in found.items():
        write_folders(data / "numbers" / split, chosen, ("1", "2", "3"))
    fetch(manifest, f"folder:{data / 'numbers'}", pin=True)
    assert manifest.load().splits["test"].histogram(3) == TEST


def test_the_validation_split_is_drawn_from_the_train_split_by_content(pets: SourcedManifest) -> None:
    fetch(pets, pin=True)
    splits = pets.load().splits
    together = [*splits["train"].ids, *splits["validation"].ids]
    assert len(set(together)) == len(together) == sum(TRAIN)
    assert not set(together) & set(splits["test"].ids)
    for label in range(3):
        chosen = [
            i for i, one in zip(splits["validation"].ids, splits["validation"].labels, strict=True) if one == label
        ]
        others = [i for i, one in zip(splits["train"].ids, splits["train"].labels, strict=True) if one == label]
        assert max(chosen) < min(others)


def test_an_archive_that_is_not_there_says_what_is_expected_where(data: Path) -> None:
    with pytest.raises(DataMissingError, match="Nobody can fetch birdsnap unattended") as caught:
        fetch(small_manifest("birdsnap"))
    assert str(data / "birdsnap") in (caught.value.hint or "")
    with pytest.raises(DataMissingError, match="archive of pets is not in") as caught:
        fetch(small_manifest("pets"), f"archive:pets@{data / 'elsewhere'}")
    assert "annotations/trainval.txt" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="no archive 'pet'"):
        fetch(small_manifest("pets"), "archive:pet")


def test_sun397_has_two_levels_of_classes() -> None:
    task = find_task("sun397@1")
    manifest = next(value for value in vars(task).values() if isinstance(value, SourcedManifest))
    assert "apartment_building/outdoor" in manifest.class_names


def test_a_broken_file_of_records_is_one_clear_error(tmp_path: Path) -> None:
    write_record("pets", DataRecord("archive:pets", "0" * 64, pinned=True))
    path = Path(os.environ["PRUNARIUM_HOME"]) / "data.json"
    assert json.loads(path.read_bytes())["pets"]["pinned"] is True
    for content in (b"{", b'{"pets": {"spec": 1}}', b"[]"):
        path.write_bytes(content)
        with pytest.raises(PrunariumError, match="cannot be read"):
            read_records()


def test_images_are_streamed_and_arrays_are_not(pets: SourcedManifest) -> None:
    fetch(pets, pin=True)
    images = pets.split("test").images
    assert not isinstance(images, np.ndarray)
    assert images[0].shape[2] == 3
