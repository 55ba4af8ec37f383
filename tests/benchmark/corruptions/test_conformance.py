"""What every corruption must hold to."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from corruption_pictures import corrupted, digits, ids_of, mean_change, pictures

from benchmark.corruptions import CORRUPTIONS, SEVERITIES, corrupt, image_generator
from benchmark.shifts import SHIFTS, CorruptionShift
from zoo.core.errors import UsageError

STORED = json.loads((Path(__file__).parents[2] / "golden" / "corruptions.json").read_text())
RANDOM = [
    "elastic_transform", "fog", "frost", "gaussian_noise", "glass_blur", "impulse_noise", "motion_blur", "shot_noise",
    "snow", "spatter", "speckle_noise",
]  # fmt: skip

every_corruption = pytest.mark.parametrize("name", list(CORRUPTIONS))


def test_the_nineteen_of_imagenet_c_are_here() -> None:
    assert set(CORRUPTIONS) == {
        *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
        *("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
        *("snow", "frost", "fog", "brightness", "spatter"),
        *("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
    }


@every_corruption
@pytest.mark.parametrize("images", [digits, pictures], ids=["8 pixels", "96 pixels"])
def test_each_severity_changes_more_than_the_one_before(name: str, images: Any) -> None:
    changes = [mean_change(images, name, severity) for severity in SEVERITIES]
    if CORRUPTIONS[name].of_colour and images().shape[3] == 1:
        assert changes == [0.0] * 5
        return
    assert changes[0] > 0.5
    assert all(later > earlier for earlier, later in pairwise(changes))


@every_corruption
@pytest.mark.parametrize("images", [digits, pictures], ids=["digits", "pictures"])
def test_statistics_are_those_that_are_stored(name: str, images: Any) -> None:
    for severity in SEVERITIES:
        changed = corrupted(images, name, severity)
        stored = STORED[images.__name__][f"{name}/{severity}"]
        assert float(changed.mean()) == pytest.approx(stored["mean"], abs=0.02)
        assert mean_change(images, name, severity) == pytest.approx(stored["mean_change"], abs=0.02)
        assert changed[0, 3, 3:6, 0].tolist() == pytest.approx(stored["pixels"], abs=1)


@every_corruption
def test_neither_order_nor_batches_nor_chunks_leave_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = digits()[:9]
    ids, order = ids_of(images), np.random.default_rng(0).permutation(9)
    whole = corrupt(images, ids, name, 3)
    assert (corrupt(images[order], [ids[i] for i in order], name, 3) == whole[order]).all()
    assert (np.concatenate([corrupt(images[i : i + 1], ids[i : i + 1], name, 3) for i in range(9)]) == whole).all()
    monkeypatch.setattr("benchmark.corruptions.CHUNK_VALUES", 100)
    assert (corrupt(images, ids, name, 3) == whole).all()


@every_corruption
@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (2, 32, 32, 3), (1, 70, 90, 3), (3, 5, 9, 1)])
def test_every_size_and_number_of_channels_is_kept(name: str, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    before = images.copy()
    changed = corrupt(images, ids_of(images), name, 5)
    assert changed.shape == shape
    assert changed.dtype == np.uint8
    assert (images == before).all()
    assert (changed != before).any() == (shape[3] == 3 or not CORRUPTIONS[name].of_colour)


@every_corruption
def test_a_tensor_gives_a_tensor_of_the_same_bytes(name: str) -> None:
    images = pictures()[:2]
    changed = corrupt(torch.tensor(images), ids_of(images), name, 2)
    assert changed.dtype == torch.uint8
    assert (changed.numpy() == corrupt(images, ids_of(images), name, 2)).all()


@pytest.mark.gpu
@every_corruption
def test_a_gpu_makes_the_same_pictures(name: str) -> None:
    images = pictures()
    changed = corrupt(torch.tensor(images, device="cuda"), ids_of(images), name, 3)
    assert changed.device.type == "cuda"
    apart = np.abs(changed.cpu().numpy().astype(int) - corrupt(images, ids_of(images), name, 3))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-4


@pytest.mark.parametrize("name", RANDOM)
def test_chance_differs_by_image_by_seed_and_by_severity(name: str) -> None:
    twice = pictures()[[3, 3]]
    first = corrupt(twice, ["a", "b"], name, 2)
    assert (first[0] != first[1]).any()
    assert (corrupt(twice, ["a", "b"], name, 2, seed=1) != first).any()
    assert (corrupt(twice, ["a", "b"], name, 2) == first).all()


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - set(RANDOM)))
def test_where_nothing_is_drawn_the_id_does_not_matter(name: str) -> None:
    twice = pictures()[[3, 3]]
    first = corrupt(twice, ["a", "b"], name, 2, seed=1)
    assert (first[0] == first[1]).all()


FLAT = ["defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur", "elastic_transform", "pixelate"]


@pytest.mark.parametrize("name", [*FLAT, "contrast", "jpeg_compression"])
def test_what_only_moves_or_averages_keeps_a_flat_picture(name: str) -> None:
    grey = np.full((1, 70, 90, 3), 77, dtype=np.uint8)
    assert np.abs(corrupt(grey, ["a"], name, 5).astype(int) - 77).max() <= (1 if name == "jpeg_compression" else 0)


def test_the_seed_of_an_image_is_the_hash_of_its_name_and_not_pythons() -> None:
    # sha256("image-0|gaussian_noise|3|0")[:16] as an integer seeds NumPy's PCG64.
    expected = np.random.Generator(np.random.PCG64(0xCFCFDF8BB1830D0AADA64CB59C0A12D7)).random(3)
    assert image_generator("image-0", "gaussian_noise", 3, 0).random(3).tolist() == expected.tolist()


def test_nobody_takes_it_for_imagenet_c() -> None:
    made_here = [shift for _, shift in SHIFTS.items() if isinstance(shift, CorruptionShift)]
    assert made_here
    assert all(shift.regenerated and shift.title.endswith("C-like (regenerated)") for shift in made_here)
    assert all(entry.name == name and entry.title and entry.meaning for name, entry in CORRUPTIONS.items())


def test_wrong_requests_say_what_is_right() -> None:
    grey = np.zeros((1, 8, 8, 1), dtype=np.uint8)
    with pytest.raises(UsageError, match="'gaussian_noise'"):
        corrupt(grey, ["a"], "gausian_noise", 1)
    with pytest.raises(UsageError, match="from 1 to 5, got 6"):
        corrupt(grey, ["a"], "contrast", 6)
    with pytest.raises(UsageError, match="got 2 for 1"):
        corrupt(grey, ["a", "b"], "contrast", 1)
    for wrong in (np.zeros((1, 8, 8, 4), dtype=np.uint8), np.zeros((1, 8, 8, 3)), np.zeros((8, 8, 3), dtype=np.uint8)):
        with pytest.raises(UsageError, match="Expected bytes"):
            corrupt(wrong, ["a"] * len(wrong), "contrast", 1)
