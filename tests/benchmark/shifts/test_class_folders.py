"""Published sets of class folders, in the folders of their archives and in the Parquet of their hubs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from miniature import point_datasets_at, publish_converted, publish_tables, samples, table
from shift_archives import part, parts, write_classes, write_corruptions

from benchmark.errors import ManifestError
from benchmark.shifts import SHIFTS, PublishedShift
from benchmark.shifts._label_spaces import label_space
from benchmark.tasks._content import digest
from zoo.core.imagenet_classes import imagenet_classes, wordnet_ids

FEW = (0, 7, 10, 999)


def small(name: str, n_each: int, **changes: Any) -> PublishedShift:
    """The shift of that name as it is, but for how many images it has."""
    shift = SHIFTS[name]
    assert isinstance(shift, PublishedShift)
    return replace(shift, n_each=n_each, **{"per_class": None, **changes})


def names_of(space: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(wordnet_ids()[index] for index in space)


@pytest.mark.parametrize("unpacked", ["", "noise"])
def test_imagenet_c_is_found_with_and_without_the_folders_of_its_archives(
    unpacked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [f"{unpacked}/gaussian_noise/{severity}" for severity in range(1, 6)]
    write_corruptions(tmp_path / "c", [folder.strip("/") for folder in folders], names_of(FEW), FEW)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C", str(tmp_path / "c"))
    shift = small("imagenet-c@1", 8, label_space=FEW, per_class=2)
    sets = parts(shift)
    found = [sets[f"gaussian_noise/{severity}"] for severity in range(1, 6)]
    assert found[0].labels is not None
    assert found[0].labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    # One name an image whatever the corruption: resampled images pair up between conditions.
    assert found[0].ids[1] == f"{wordnet_ids()[0]}/ILSVRC2012_val_00000001"
    assert all(tuple(images.ids) == tuple(found[0].ids) for images in found)
    assert len({digest(images) for images in found}) == 5


def test_imagenet_c_bar_calls_its_severities_by_their_strength(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shift = small("imagenet-c-bar@1", 8, label_space=FEW)
    assert len(shift.conditions) == 50
    strengths = ["2.35", "3.20", "4.90", "6.60", "9.15"]
    folders = [f"ImageNet-C-Bar/caustic_refraction/{strength}" for strength in strengths]
    write_corruptions(tmp_path, folders, names_of(FEW), FEW)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C_BAR", str(tmp_path))
    for severity in range(1, 6):
        assert len(part(shift, f"caustic_refraction/{severity}").images) == 8
    with pytest.raises(ManifestError, match="not at"):
        part(shift, "sparkles/1")


def test_imagenet_v2_is_labelled_by_number_and_not_by_the_order_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap: ImageFolder sorts "0", "1", "10", "100" and gets 12 of 1,000 labels right."""
    numbers = range(1000)
    folder = tmp_path / "imagenetv2-threshold0.7-format-val"
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "3a3a.jpeg").write_bytes(b"")
    monkeypatch.setenv("PRUNARIUM_IMAGENET_V2", str(tmp_path))
    images = part(small("imagenet-v2-threshold-0.7@1", 1000, per_class=1), "")
    assert images.labels is not None
    assert images.labels.tolist() == list(numbers)
    names = [Path(images.images.name(row)).parent.name for row in range(1000)]  # type: ignore[attr-defined]
    assert [int(name) for name in names] == images.labels.tolist()
    assert sum(int(name) == position for position, name in enumerate(sorted(names))) == 12
    with pytest.raises(ManifestError, match="matched-frequency"):
        part(small("imagenet-v2-matched-frequency@1", 1000), "")


@pytest.mark.parametrize(("name", "variable"), [("imagenet-a", "IMAGENET_A"), ("imagenet-r", "IMAGENET_R")])
def test_a_and_r_are_labelled_among_their_200_classes(
    name: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = label_space(name)
    write_classes(tmp_path / name, names_of(space), space, 1)
    (tmp_path / name / "README.txt").write_text("...")
    monkeypatch.setenv(f"PRUNARIUM_{variable}", str(tmp_path))
    images = part(small(f"{name}@1", 200), "")
    assert images.labels is not None
    assert images.labels.tolist() == list(range(200))
    assert SHIFTS[f"{name}@1"].classes == 200
    with pytest.raises(ManifestError, match="expected 7,500 images|expected 30,000 images"):
        part(SHIFTS[f"{name}@1"], "")


def test_the_two_subsets_share_86_classes() -> None:
    assert len(set(label_space("imagenet-a")) & set(label_space("imagenet-r"))) == 86


def test_another_sets_classes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = label_space("imagenet-r")
    write_classes(tmp_path / "imagenet-r", names_of(space), space, 1)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_A", str(tmp_path))
    with pytest.raises(ManifestError, match="not laid out as imagenet-a@1 was"):
        part(small("imagenet-a@1", 200), "")


def test_a_class_that_lost_an_image_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corruptions(tmp_path, ["fog/1"], names_of(FEW), FEW)
    next((tmp_path / "fog" / "1" / names_of(FEW)[1]).iterdir()).rename(
        tmp_path / "fog" / "1" / names_of(FEW)[0] / "moved.JPEG"
    )
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C", str(tmp_path))
    with pytest.raises(ManifestError, match="expected 2 images of every class, got 3 of class 0"):
        part(small("imagenet-c@1", 8, label_space=FEW, per_class=2), "fog/1")


def test_a_pinned_condition_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corruptions(tmp_path, ["fog/1", "fog/2"], names_of(FEW), FEW)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C", str(tmp_path))
    shift = small("imagenet-c@1", 8, label_space=FEW)
    pinned = replace(shift, version="pinned", sha256={"fog/1": digest(part(shift, "fog/1")), "fog/2": "0" * 64})
    assert len(pinned.image_sets()["fog/1"].images) == 8
    with pytest.raises(ManifestError, match="with sha256 000"):
        pinned.image_sets()["fog/2"]


def test_images_that_are_in_a_set_twice_count_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_classes(tmp_path / "sketch", names_of(FEW), FEW, 1)
    folder = tmp_path / "sketch" / names_of(FEW)[0]
    (folder / "again.JPEG").write_bytes(next(folder.iterdir()).read_bytes())
    monkeypatch.setenv("PRUNARIUM_IMAGENET_SKETCH", str(tmp_path))
    images = part(small("imagenet-sketch@1", 5, label_space=FEW), "")
    assert len(set(images.ids)) == 5
    assert images.ids[1] == f"{images.ids[0]}#2"


def test_images_that_are_not_there_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRUNARIUM_IMAGENET_C", raising=False)
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path))
    with pytest.raises(ManifestError, match="are not at") as caught:
        part(SHIFTS["imagenet-c@1"], "fog/3")
    assert "PRUNARIUM_IMAGENET_C=FOLDER" in (caught.value.hint or "")
    assert "https://zenodo.org/records/2235448" in (caught.value.hint or "")


@pytest.fixture
def on_hub(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> RunningHub:
    pytest.importorskip("datasets")
    point_datasets_at(hub, monkeypatch)
    return hub


def test_imagenet_r_from_a_hub_is_labelled_by_wordnet_id(
    on_hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap: its rows are ordered by class name, and the order of names is not that of ids."""
    import datasets

    few = (2, 6, 22)
    text = datasets.Value("string")
    rows = table(samples([2, 1, 3]), "image", {"wnid": text}, lambda sample: names_of(few)[sample.label])
    rows = rows.add_column("class_name", [f"name {9 - position}" for position in range(6)])
    repository = publish_tables(on_hub, "imagenet-r-like", {"test": rows})
    monkeypatch.setenv("PRUNARIUM_IMAGENET_R", f"hub:{repository}")
    images = part(small("imagenet-r@1", 6, label_space=few), "")
    assert images.labels is not None
    assert images.labels.tolist() == [0, 0, 1, 2, 2, 2]
    write_classes(tmp_path / "imagenet-r", names_of(few), (0, 1, 2), 1)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_R", str(tmp_path))
    in_folders = part(small("imagenet-r@1", 3, label_space=few), "")
    assert set(in_folders.ids) < set(images.ids)  # the same files have the same ids in either layout


@pytest.mark.parametrize("spelling", ["wnid", "words", "numbers"])
def test_class_labels_of_a_hub_are_matched_by_id_words_or_number(
    spelling: str, on_hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    few = (0, 2, 9)
    words = [imagenet_classes()[index][1].partition(",")[0].replace(" ", "_") for index in few]
    names = {"wnid": list(names_of(few)), "words": words[::-1], "numbers": ["0", "1", "2"]}[spelling]
    rows = table(samples([1, 1, 1]), "image", {"label": datasets.ClassLabel(names=names)})
    repository = publish_tables(on_hub, f"sketch-{spelling}", {"train": rows})
    monkeypatch.setenv("PRUNARIUM_IMAGENET_SKETCH", f"hub:{repository}")
    images = part(small("imagenet-sketch@1", 3, label_space=few), "")
    assert images.labels is not None
    assert images.labels.tolist() == ([2, 1, 0] if spelling == "words" else [0, 1, 2])


def test_imagenet_a_is_the_train_split_of_its_hub(on_hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    space = label_space("imagenet-a")
    label = datasets.ClassLabel(names=list(names_of(space)))  # as its repository has them: WordNet ids
    repository = publish_tables(
        on_hub, "imagenet-a-like", {"train": table(samples([1] * 200), "image", {"label": label})}
    )
    monkeypatch.setenv("PRUNARIUM_IMAGENET_A", f"hub:{repository}")
    images = part(small("imagenet-a@1", 200), "")
    assert images.labels is not None
    assert images.labels.tolist() == list(range(200))


def test_imagenet_sketch_is_read_from_the_parquet_copy_of_its_hub(
    on_hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    rows = table(samples([2, 1, 1, 1]), "image", {"label": datasets.ClassLabel(names=list(names_of(FEW)))})
    repository = publish_converted(on_hub, "sketch-converted", {"train": rows})
    monkeypatch.setenv("PRUNARIUM_IMAGENET_SKETCH", f"hub:{repository}")
    images = part(small("imagenet-sketch@1", 5, label_space=FEW), "")
    assert images.labels is not None
    assert images.labels.tolist() == [0, 0, 1, 2, 3]


def test_a_hubs_class_that_is_not_expected_is_named(on_hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    rows = table(samples([1, 1]), "image", {"label": datasets.ClassLabel(names=["n01440764", "unicorn"])})
    repository = publish_tables(on_hub, "with-unicorn", {"train": rows})
    monkeypatch.setenv("PRUNARIUM_IMAGENET_SKETCH", f"hub:{repository}")
    with pytest.raises(ManifestError, match="its class 'unicorn' is none of the 1000"):
        part(small("imagenet-sketch@1", 2), "")
