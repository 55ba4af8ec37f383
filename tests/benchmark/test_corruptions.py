"""What every corruption must hold to, and each against code or statistics that are not its own."""

import colorsys
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest

from benchmark.corruptions import CORRUPTIONS, SEVERITIES, corrupt, image_generator
from benchmark.corruptions.gaussian_blur import blur_matrix
from benchmark.corruptions.pixelate import pixelate_matrix
from benchmark.shifts import SHIFTS, CorruptionShift
from zoo.core.errors import UsageError
from zoo.data import load_data

Bytes = npt.NDArray[np.uint8]
STORED = json.loads((Path(__file__).parents[1] / "golden" / "corruptions.json").read_text())
LARGE = 96


def pictures(channels: int = 3) -> Bytes:
    """Six large pictures of soft shapes, without a random number."""
    y, x = np.mgrid[0:LARGE, 0:LARGE] / LARGE
    waves = [
        0.5 + 0.45 * np.sin(2 * np.pi * ((1 + n) * x + c * y)) * np.cos(3 * y * (n + 1))
        for n in range(6)
        for c in range(channels)
    ]
    stack = np.array(waves).reshape(6, channels, LARGE, LARGE).transpose(0, 2, 3, 1)
    images: Bytes = np.rint(stack * 255).astype(np.uint8)
    return images


def digits() -> Bytes:
    images: Bytes = load_data("digits:0-4").splits["validation"].images
    return images


def ids_of(images: Bytes) -> list[str]:
    return [f"image-{index}" for index in range(len(images))]


def mean_change(images: Bytes, name: str, severity: int) -> float:
    changed = corrupt(images, ids_of(images), name, severity)
    return float(np.abs(changed.astype(np.float64) - images).mean())


@pytest.mark.parametrize("name", list(CORRUPTIONS))
@pytest.mark.parametrize("images", [digits, pictures], ids=["8 pixels", "96 pixels"])
def test_each_severity_changes_more_than_the_one_before(name: str, images: Any) -> None:
    changes = [mean_change(images(), name, severity) for severity in SEVERITIES]
    assert changes[0] > 0.5
    assert all(later > earlier for earlier, later in pairwise(changes))


@pytest.mark.parametrize("name", list(CORRUPTIONS))
@pytest.mark.parametrize("images", [digits, pictures], ids=["digits", "pictures"])
def test_statistics_are_those_that_are_stored(name: str, images: Any) -> None:
    for severity in SEVERITIES:
        changed = corrupt(images(), ids_of(images()), name, severity)
        stored = STORED[images.__name__][f"{name}/{severity}"]
        assert float(changed.mean()) == pytest.approx(stored["mean"], abs=0.02)
        assert mean_change(images(), name, severity) == pytest.approx(stored["mean_change"], abs=0.02)
        assert changed[0, 3, 3:6, 0].tolist() == pytest.approx(stored["pixels"], abs=1)


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_neither_order_nor_batches_nor_chunks_leave_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = digits()[:9]
    ids, order = ids_of(images), np.random.default_rng(0).permutation(9)
    whole = corrupt(images, ids, name, 3)
    assert (corrupt(images[order], [ids[i] for i in order], name, 3) == whole[order]).all()
    assert (np.concatenate([corrupt(images[i : i + 1], ids[i : i + 1], name, 3) for i in range(9)]) == whole).all()
    monkeypatch.setattr("benchmark.corruptions.CHUNK_VALUES", 100)
    assert (corrupt(images, ids, name, 3) == whole).all()


@pytest.mark.parametrize("name", list(CORRUPTIONS))
@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (2, 32, 32, 3), (1, 70, 90, 3), (3, 5, 9, 1)])
def test_every_size_and_number_of_channels_is_kept(name: str, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    before = images.copy()
    changed = corrupt(images, ids_of(images), name, 5)
    assert changed.shape == shape
    assert changed.dtype == np.uint8
    assert (images == before).all()
    assert (changed != before).any()


@pytest.mark.parametrize("name", ["gaussian_noise", "shot_noise", "impulse_noise"])
def test_noise_differs_by_image_by_seed_and_by_severity(name: str) -> None:
    grey = np.full((2, 32, 32, 1), 128, dtype=np.uint8)
    first = corrupt(grey, ["a", "b"], name, 2)
    assert (first[0] != first[1]).any()
    assert (corrupt(grey, ["a", "b"], name, 2, seed=1) != first).any()
    assert (corrupt(grey, ["a", "b"], name, 2) == first).all()


def test_the_seed_of_an_image_is_the_hash_of_its_name_and_not_pythons() -> None:
    # sha256("image-0|gaussian_noise|3|0")[:16] as an integer seeds NumPy's PCG64.
    expected = np.random.Generator(np.random.PCG64(0xCFCFDF8BB1830D0AADA64CB59C0A12D7)).random(3)
    assert image_generator("image-0", "gaussian_noise", 3, 0).random(3).tolist() == expected.tolist()


def test_gaussian_noise_is_gaussian() -> None:
    grey = np.full((1, 200, 200, 1), 128, dtype=np.uint8)
    noise = (corrupt(grey, ["a"], "gaussian_noise", 1).astype(np.float64) - 128).ravel() / 255
    jitter = np.random.default_rng(0).uniform(-0.5, 0.5, noise.size) / 255  # bytes are not continuous
    assert kstest((noise + jitter) / 0.08, "norm").pvalue > 1e-3


def test_shot_noise_has_the_variance_of_counting() -> None:
    grey = np.full((1, 200, 200, 1), 64, dtype=np.uint8)
    noise = corrupt(grey, ["a"], "shot_noise", 1).astype(np.float64) / 255
    assert noise.mean() == pytest.approx(64 / 255, rel=0.01)
    assert noise.var() == pytest.approx(64 / 255 / 60, rel=0.03)


def test_impulse_noise_strikes_as_often_as_it_says() -> None:
    grey = np.full((1, 200, 200, 1), 100, dtype=np.uint8)
    noise = corrupt(grey, ["a"], "impulse_noise", 5)
    assert (noise == 0).mean() == pytest.approx(0.135, abs=0.01)
    assert (noise == 255).mean() == pytest.approx(0.135, abs=0.01)
    assert set(np.unique(noise)) == {0, 100, 255}


@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.0])
def test_blur_is_scipys(sigma: float) -> None:
    line = np.random.default_rng(0).random((8, 8))
    ours = blur_matrix(8, sigma) @ line @ blur_matrix(8, sigma).T
    assert ours == pytest.approx(gaussian_filter(line, sigma, mode="nearest", truncate=4.0), rel=1e-12)


def test_brightness_keeps_hue_and_saturation() -> None:
    image = np.array([[[200, 100, 50], [10, 20, 30], [0, 0, 0], [90, 90, 90]]], dtype=np.uint8)[None]
    changed = corrupt(image, ["a"], "brightness", 2)[0, 0] / 255
    for before, after in zip(image[0, 0] / 255, changed, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before)
        assert after == pytest.approx(colorsys.hsv_to_rgb(hue, saturation, min(1.0, value + 0.2)), abs=1 / 255)


def test_contrast_keeps_the_mean_of_every_channel() -> None:
    images = pictures()
    changed = corrupt(images, ids_of(images), "contrast", 4)
    assert changed.mean(axis=(1, 2)) == pytest.approx(images.mean(axis=(1, 2)), abs=0.2)
    assert changed.std() < 0.15 * images.std()


@pytest.mark.parametrize(("size", "share"), [(8, 0.5), (224, 0.25), (7, 0.375), (3, 0.01)])
def test_pixelation_keeps_flat_pictures_and_totals(size: int, share: float) -> None:
    matrix = pixelate_matrix(size, share)
    assert matrix.sum(axis=0) == pytest.approx(np.ones(size))
    assert matrix.sum(axis=1) == pytest.approx(np.ones(size))
    assert np.linalg.matrix_rank(matrix) == max(1, round(share * size))


def test_pixelation_by_a_half_averages_squares() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1) * 4
    changed = corrupt(image, ["a"], "pixelate", 4)[0, :, :, 0]
    assert changed[:2, :2].tolist() == [[18, 18], [18, 18]]


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
