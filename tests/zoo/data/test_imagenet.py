"""ImageNet in its three forms, with one image a class, and what is said where it is not there."""

from dataclasses import replace
from pathlib import Path

import pytest
from hub_fixture import RunningHub
from miniature import Sample, picture, point_datasets_at, publish_tables, table, write_folders, write_shards
from timm.data.imagenet_info import ImageNetInfo

from zoo.core.errors import UsageError
from zoo.core.imagenet_classes import imagenet_classes, wordnet_ids
from zoo.data import load_data
from zoo.errors import DataMismatchError, DataMissingError

IDS = wordnet_ids()


def _one_a_class(picture_number: int) -> list[Sample]:
    # One picture for all: this is about names and places.
    return [Sample(f"ILSVRC_{label:08d}", label, picture(0, picture_number)) for label in range(1000)]


@pytest.fixture(scope="module")
def train() -> list[Sample]:
    return _one_a_class(0)


@pytest.fixture(scope="module")
def held_out() -> list[Sample]:
    return _one_a_class(1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, train: list[Sample], held_out: list[Sample]) -> Path:
    root = tmp_path_factory.mktemp("imagenet")
    write_folders(root / "train", train, IDS)
    write_folders(root / "val", held_out, IDS)
    return root


def test_classes_are_those_of_timm_in_order() -> None:
    info = ImageNetInfo()
    assert list(IDS) == sorted(IDS) == info.label_names()  # type: ignore[no-untyped-call]
    assert [words for _, words in imagenet_classes()] == [info.index_to_description(index) for index in range(1000)]


def test_folders(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (str(folders), f"folder:{folders}"):
        monkeypatch.setenv("PRUNARIUM_IMAGENET", place)
        data = load_data("imagenet")
        assert data.class_names == IDS
        assert data.spec == "imagenet"
        assert data.splits["train"].labels.tolist() == data.splits["test"].labels.tolist() == list(range(1000))


@pytest.mark.parametrize("name", ["ImageNet-1k", "ILSVRC2012", "imagenet1k"])
def test_other_names_of_it_are_it(name: str, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Imported checkpoints say "ImageNet-1k"; their suite is that of imagenet@1.
    monkeypatch.setenv("PRUNARIUM_IMAGENET", str(folders))
    assert load_data(name).spec == "imagenet"


def test_shards(
    folders: Path, tmp_path: Path, train: list[Sample], held_out: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(tmp_path, "imagenet1k-train", train, per_shard=300)
    write_shards(tmp_path, "imagenet1k-validation", held_out, per_shard=1000)
    monkeypatch.setenv("PRUNARIUM_IMAGENET", str(folders))
    judge = load_data("imagenet").sha256
    for place in (str(tmp_path), f"wds:{tmp_path}"):
        monkeypatch.setenv("PRUNARIUM_IMAGENET", place)
        data = load_data("imagenet")
        assert data.class_names == IDS
        assert data.sha256 == judge


@pytest.fixture
def endpoint(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    point_datasets_at(hub, monkeypatch)


@pytest.mark.usefixtures("endpoint")
def test_parquet_on_a_hub(
    hub: RunningHub, train: list[Sample], held_out: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    words = [text for _, text in imagenet_classes()]
    words[517] = "crane2"  # names of classes must differ in a ClassLabel
    label = {"label": datasets.ClassLabel(names=words)}
    hidden = table(held_out, "image", label, lambda _: -1)
    tables = {"train": table(train, "image", label), "validation": table(held_out, "image", label), "test": hidden}
    where = publish_tables(hub, "imagenet-1k", tables)
    monkeypatch.setenv("PRUNARIUM_IMAGENET", f"hub:{where}")
    data = load_data("imagenet")
    assert data.class_names == IDS
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 1000, "test": 1000}


def test_other_classes_are_refused(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split in ("train", "val"):
        write_folders(tmp_path / split, [replace(s, label=s.label) for s in _one_a_class(2)[:20]], IDS)
    monkeypatch.setenv("PRUNARIUM_IMAGENET", str(tmp_path))
    with pytest.raises(
        DataMismatchError, match="does not hold the 1,000 classes of ILSVRC 2012 in their order: it has 20"
    ):
        load_data("imagenet")


def test_the_order_of_the_classes_is_looked_at(
    tmp_path: Path, train: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(tmp_path, "x-train", train, per_shard=1000)
    write_shards(tmp_path, "x-val", train, per_shard=1000)
    (tmp_path / "classes.txt").write_text("\n".join([*IDS[1:], IDS[0]]) + "\n")
    monkeypatch.setenv("PRUNARIUM_IMAGENET", str(tmp_path))
    with pytest.raises(DataMismatchError, match="in their order"):
        load_data("imagenet")


def test_without_a_place_the_error_says_how_to_get_it() -> None:
    with pytest.raises(DataMissingError, match="PRUNARIUM_IMAGENET does not say where") as caught:
        load_data("imagenet")
    assert "PRUNARIUM_IMAGENET=wds:/data/shards" in (caught.value.hint or "")


def test_a_place_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_IMAGENET", "/nowhere/imagenet")
    with pytest.raises(DataMissingError, match="names /nowhere/imagenet, and there is no such folder"):
        load_data("imagenet")
    with pytest.raises(UsageError, match="'imagenet:x' is no data"):
        load_data("imagenet:x")
