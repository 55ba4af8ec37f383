"""Each blur against SciPy, or against the picture of a point."""

import numpy as np
import pytest
import torch
from corruption_pictures import pictures, point
from scipy.ndimage import affine_transform, convolve, gaussian_filter

from benchmark.corruptions import CORRUPTIONS, corrupt, image_generator
from benchmark.corruptions._fields import streaked
from benchmark.corruptions._filters import blur_matrix
from benchmark.corruptions.defocus_blur import defocus_blur, disk
from benchmark.corruptions.glass_blur import glass_blur
from benchmark.corruptions.motion_blur import motion_blur
from benchmark.corruptions.zoom_blur import zoom_blur


def light() -> torch.Tensor:
    return torch.tensor(pictures()).permute(0, 3, 1, 2).double() / 255


@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.0])
def test_gaussian_blur_is_scipys(sigma: float) -> None:
    line = np.random.default_rng(0).random((8, 8))
    ours = blur_matrix(8, sigma) @ line @ blur_matrix(8, sigma).T
    assert ours == pytest.approx(gaussian_filter(line, sigma, mode="nearest", truncate=4.0), rel=1e-12)


@pytest.mark.parametrize("radius", [0.9, 2.0, 4.5, 8.0])
def test_a_disk_sums_to_one_and_has_the_area_of_a_circle(radius: float) -> None:
    kernel = disk(radius)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-12)
    assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.01)  # the middle pixel is covered whole
    assert (kernel == kernel.T).all()
    assert (kernel == kernel[::-1]).all()
    assert (kernel[[0, -1]].sum(), kernel.shape[0]) > (0.0, 2 * radius - 1)  # no empty rim


def test_defocus_convolves_with_the_disk() -> None:
    ours = defocus_blur(light(), 3.0, [])
    for image, blurred in zip(light().numpy(), ours.numpy(), strict=True):
        expected = np.stack([convolve(channel, disk(3.0), mode="nearest") for channel in image])
        assert blurred == pytest.approx(expected, abs=1e-12)


def test_a_zoom_is_scipys() -> None:
    """Two steps on eight pixels: the picture itself and its magnification by 1.2."""
    image = np.random.default_rng(0).random((8, 8))
    zoomed = affine_transform(image, [1 / 1.2, 1 / 1.2], offset=3.5 - 3.5 / 1.2, order=1, mode="nearest")
    ours = zoom_blur(torch.tensor(image)[None, None], 1.2, [])[0, 0].numpy()
    assert ours == pytest.approx((image + zoomed) / 2, abs=1e-12)


def test_motion_leaves_a_line_of_its_length_and_direction() -> None:
    angle, length = 0.6, 20.0
    dot = torch.tensor(point(65)).permute(0, 3, 1, 2).double() / 255
    trace = streaked(dot, length, torch.tensor([[[angle]]], dtype=torch.float64))[0, 0].numpy()
    assert trace.sum() == pytest.approx(1.0, abs=0.02)
    rows, columns = np.mgrid[0:65, 0:65] - 32.0
    along, across = (
        np.cos(angle) * columns + np.sin(angle) * rows,
        -np.sin(angle) * columns + np.cos(angle) * rows,
    )
    assert (trace * along**2).sum() == pytest.approx(length**2 / 12, rel=0.12)  # the variance of a uniform line
    assert (trace * across**2).sum() < 0.3
    assert (trace * along).sum() == pytest.approx(0.0, abs=1e-9)


def test_motion_has_a_direction_of_its_own_for_each_image() -> None:
    dots = np.concatenate([point(65)] * 40)
    traces = corrupt(dots, [str(i) for i in range(40)], "motion_blur", 3)[..., 0].astype(np.float64)
    rows, columns = np.mgrid[0:65, 0:65] - 32.0
    steep = (traces * rows**2).sum(axis=(1, 2)) > (traces * columns**2).sum(axis=(1, 2))
    assert 8 <= steep.sum() <= 32
    assert CORRUPTIONS["motion_blur"].apply is motion_blur


def test_glass_takes_a_pixel_from_nearby_uniformly() -> None:
    """Each pixel of a ramp says where it came from; without the blur the differences are the displacements."""
    columns = torch.arange(200, dtype=torch.float64).expand(1, 1, 200, 200) / 255
    moved = glass_blur(columns, 1e-9 + 2.4, [image_generator("a", "glass_blur", 1, 0)])
    aside = (moved - columns)[0, 0, 20:-20, 20:-20].numpy() * 255
    # Uniform on [-2.4, 2.4] and rounded, then averaged over the blur's 0.6 pixels.
    chances = np.array([0.9, 1.0, 1.0, 1.0, 0.9]) / 4.8
    kernel = blur_matrix(41, 0.6)[20]
    variance = (chances * np.arange(-2, 3) ** 2).sum() * (kernel**2).sum() ** 2
    assert aside.mean() == pytest.approx(0.0, abs=0.02)
    assert aside.var() == pytest.approx(variance, rel=0.05)
