"""Preprocessing against torchvision's transforms of Pillow images and against arithmetic by hand."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize, ToTensor

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import Preprocessing
from zoo.data import load_data, preprocess
from zoo.errors import DataMismatchError


def test_images_that_fit_are_only_scaled() -> None:
    images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
    x = preprocess(images, Preprocessing((1, 8, 8), (0.5,), (0.25,), "nearest", 1.0))
    assert x.shape == (2, 1, 8, 8)
    assert x.dtype == torch.float32
    np.testing.assert_allclose(x.numpy()[:, 0], (images[..., 0] / 255 - 0.5) / 0.25, rtol=1e-6)


def test_channels_have_their_own_mean_and_deviation() -> None:
    images = np.full((1, 4, 4, 3), 255, np.uint8)
    x = preprocess(images, Preprocessing((3, 4, 4), (0.0, 0.5, 1.0), (1.0, 0.5, 2.0), "nearest", 1.0))
    assert x[0, :, 0, 0].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("size", [(40, 60), (60, 41), (37, 53)])
@pytest.mark.parametrize(("crop", "crop_fraction"), [(21, 0.875), (20, 0.9)])
@pytest.mark.parametrize("interpolation", [InterpolationMode.BILINEAR, InterpolationMode.BICUBIC])
def test_resize_and_centre_crop_are_those_of_torchvision_on_pillow_images(
    size: tuple[int, int], crop: int, crop_fraction: float, interpolation: InterpolationMode
) -> None:
    # Middling greys, because Pillow clips the overshoot of its first pass.
    image = np.random.default_rng(0).integers(64, 192, (*size, 3), dtype=np.uint8)
    wanted = Preprocessing((3, crop, crop), (0.0,) * 3, (1.0,) * 3, interpolation.value, crop_fraction)
    found = preprocess(image[None], wanted)[0]
    judge = Compose([Resize(math.floor(crop / crop_fraction), interpolation), CenterCrop(crop), ToTensor()])
    expected = judge(Image.fromarray(image))
    torch.testing.assert_close(found, expected, atol=1.5 / 255, rtol=0)  # Pillow rounds to whole grey levels


def test_training_images_come_out_standardised() -> None:
    x = preprocess(load_data("digits:0-4").splits["train"].images, ARCHITECTURES["resnet8-digits"].preprocessing)
    assert float(x.mean()) == pytest.approx(0, abs=0.01)
    assert float(x.std()) == pytest.approx(1, abs=0.01)


def test_a_wrong_number_of_channels_is_one_clear_error() -> None:
    with pytest.raises(DataMismatchError, match="takes images of 3 channels, these have 1"):
        preprocess(np.zeros((1, 8, 8, 1), np.uint8), ARCHITECTURES["resnet50"].preprocessing)
