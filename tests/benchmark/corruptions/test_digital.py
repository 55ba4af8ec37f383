"""Contrast, saturation, pixels, rubber and JPEG, each against what is not our own code."""

import colorsys
import io

import numpy as np
import pytest
import torch
from corruption_pictures import ids_of, pictures
from PIL import Image

from benchmark.corruptions import corrupt, image_generator
from benchmark.corruptions._jpeg import CHROMINANCE, LUMINANCE, cosines, table
from benchmark.corruptions.elastic_transform import elastic_transform
from benchmark.corruptions.pixelate import pixelate_matrix


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


def test_saturation_is_colorsyss() -> None:
    image = np.array([[[200, 100, 50], [10, 20, 30], [0, 0, 0], [90, 90, 90], [0, 255, 7]]], dtype=np.uint8)[None]
    changed = corrupt(image, ["a"], "saturate", 2)[0, 0] / 255
    for before, after in zip(image[0, 0] / 255, changed, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before)
        assert after == pytest.approx(colorsys.hsv_to_rgb(hue, min(1.0, 2 * saturation), value), abs=1 / 255)


def test_rubber_moves_pixels_by_what_it_says() -> None:
    """Two ramps say where every pixel came from."""
    size, strength = 200, 3.0
    place = torch.arange(size, dtype=torch.float64)
    ramps = torch.stack([place[:, None].expand(size, size), place.expand(size, size)])[None]
    drawn = [image_generator(str(i), "elastic", 1, 0) for i in range(20)]
    all_moved = (elastic_transform(ramps.expand(20, 2, size, size), strength, drawn) - ramps)[:, :, 20:-20, 20:-20]
    assert np.sqrt((all_moved.numpy() ** 2).mean()) == pytest.approx(strength, rel=0.05)
    moved = all_moved[0]
    for aside in moved.numpy():
        assert np.abs(np.diff(aside, axis=0)).max() < 1.0  # nothing is torn or folded
    assert abs(np.corrcoef(moved[0].flatten(), moved[1].flatten())[0, 1]) < 0.3


@pytest.mark.parametrize("quality", [6, 25, 50, 90, 100])
def test_the_quantisers_are_pillows(quality: int) -> None:
    file = io.BytesIO()
    Image.fromarray(pictures()[0]).save(file, "jpeg", quality=quality)
    theirs = Image.open(file).quantization  # type: ignore[attr-defined]
    for number, base in ((0, LUMINANCE), (1, CHROMINANCE)):
        assert sorted(table(base, quality).flatten().tolist()) == sorted(theirs[number])
        assert table(base, quality)[0, :2].tolist() == theirs[number][:2]


def test_the_cosine_transform_is_orthonormal() -> None:
    assert cosines() @ cosines().T == pytest.approx(np.eye(8), abs=1e-12)


@pytest.mark.parametrize(("severity", "quality"), [(1, 25), (3, 13), (5, 6)])
@pytest.mark.parametrize("shape", [(96, 96), (70, 91), (40, 43)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows(severity: int, quality: int, shape: tuple[int, int], channels: int) -> None:
    """Nearly every byte as libjpeg has it: its transforms are in whole numbers, ours are not."""
    images = pictures()[:3, : shape[0], : shape[1], :channels]
    ours = corrupt(images, ids_of(images), "jpeg_compression", severity).astype(float)
    theirs = np.stack([saved_and_opened(image, quality) for image in images]).reshape(images.shape).astype(float)
    apart = np.abs(ours - theirs)
    assert apart.mean() < 0.8
    assert apart.mean() < 0.2 * np.abs(theirs - images).mean()
    assert (apart <= 3).mean() > 0.95


def saved_and_opened(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "jpeg", quality=quality)
    return np.asarray(Image.open(file))
