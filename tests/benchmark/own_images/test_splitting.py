"""A split by class and seed: every class everywhere, copies together, names and order without influence."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from colour_images import COLOURS, write_colours
from hypothesis import given
from hypothesis import strategies as st

from benchmark.own_images.splitting import FRACTIONS, divided, own_images
from zoo.data import Split
from zoo.errors import CorruptImageError, DataMismatchError


def _parts(folder: Path, seed: int = 0) -> dict[str, str]:
    """The part of each image, by the SHA-256 of its file."""
    document = own_images(f"folder:{folder}", seed).document()
    return {image: part for part, images in document["images"].items() for image in images}


def test_every_class_is_in_every_part(colours: Path) -> None:
    found = own_images(f"folder:{colours}", 0)
    assert {name: split.histogram(3) for name, split in found.splits.items()} == {
        "train": (7, 7, 7),
        "test": (2, 2, 2),
        "validation": (1, 1, 1),
    }
    assert found.class_names == tuple(sorted(COLOURS))
    assert found.warnings == ("There are only 6 test images: the intervals will be wide.",)


def test_the_seed_decides_and_names_do_not(colours: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed"
    for path in colours.rglob("*.png"):
        target = renamed / path.parent.name / "deep" / f"x{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    assert _parts(colours) == _parts(renamed)
    assert _parts(colours) != _parts(colours, seed=1)
    assert Counter(_parts(colours).values()) == Counter(_parts(colours, seed=1).values())


def test_copies_stay_together_even_with_two_labels(tmp_path: Path) -> None:
    folder = write_colours(tmp_path / "copies", count=6)
    for path in sorted((folder / "red").glob("*.png")):
        shutil.copy(path, folder / "red" / f"again-{path.name}")
    shutil.copy(folder / "red" / "0.png", folder / "blue" / "wrong.png")
    found = own_images(f"folder:{folder}", 0)
    assert found.warnings[0] == "7 images are there more than once; copies are in the same split."
    images = {name: {image.partition("#")[0] for image in split.ids} for name, split in found.splits.items()}
    assert not images["train"] & images["test"]
    assert not images["train"] & images["validation"]
    assert not images["validation"] & images["test"]


@given(st.lists(st.integers(4, 60), min_size=2, max_size=5), st.integers(0, 5))
def test_shares_are_kept_in_each_class(counts: list[int], seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    ids = tuple(f"{label}-{number}" for label, count in enumerate(counts) for number in range(count))
    parts = divided(Split(np.zeros((len(ids), 1, 1, 3), dtype=np.uint8), labels, ids), FRACTIONS, seed)
    assert sorted(image for part in parts.values() for image in part.ids) == sorted(ids)
    for name, fraction in FRACTIONS.items():
        for count, found in zip(counts, parts[name].histogram(len(counts)), strict=True):
            assert found == max(1, round(fraction * count))


def test_splits_that_are_there_are_kept(colours: Path, tmp_path: Path) -> None:
    shutil.copytree(colours, tmp_path / "own" / "train")
    write_colours(tmp_path / "own" / "test", count=3, seed=9)
    found = own_images(f"folder:{tmp_path / 'own'}", 0)
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 27, "validation": 3, "test": 9}
    assert found.made == "the splits that the data have"


def test_bad_images_are_refused_before_anything_is_computed(colours: Path, tmp_path: Path) -> None:
    one = tmp_path / "one"
    shutil.copytree(colours / "red", one / "red")
    with pytest.raises(DataMismatchError, match="There is one class, red"):
        own_images(f"folder:{one}", 0)
    few = write_colours(tmp_path / "few", count=3)
    with pytest.raises(DataMismatchError, match=r"Too few train images of blue \(1\), green \(1\), red \(1\)"):
        own_images(f"folder:{few}", 0)
    broken = write_colours(tmp_path / "broken")
    data = (broken / "red" / "3.png").read_bytes()
    (broken / "red" / "3.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptImageError, match=r"red/3\.png"):
        own_images(f"folder:{broken}", 0)
