"""Preprocessing against Pillow's resampling and against arithmetic by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

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


@pytest.mark.parametrize(
    ("interpolation", "resample"), [("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)]
)
def test_resize_and_centre_crop_agree_with_pillow(interpolation: str, resample: Image.Resampling) -> None:
    # Middling greys, because Pillow clips the overshoot of its first pass.
    image = np.random.default_rng(0).integers(64, 192, (40, 60, 3), dtype=np.uint8)
    found = preprocess(image[None], Preprocessing((3, 21, 21), (0.0,) * 3, (1.0,) * 3, interpolation, 0.875))
    resized = np.asarray(Image.fromarray(image).resize((36, 24), resample)) / 255
    expected = resized[1:22, 7:28].transpose(2, 0, 1)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1.5 / 255)  # Pillow rounds to whole grey levels


def test_training_images_come_out_standardised() -> None:
    x = preprocess(load_data("digits:0-4").splits["train"].images, ARCHITECTURES["resnet8-digits"].preprocessing)
    assert float(x.mean()) == pytest.approx(0, abs=0.01)
    assert float(x.std()) == pytest.approx(1, abs=0.01)


def test_a_wrong_number_of_channels_is_one_clear_error() -> None:
    with pytest.raises(DataMismatchError, match="takes images of 3 channels, these have 1"):
        preprocess(np.zeros((1, 8, 8, 1), np.uint8), ARCHITECTURES["resnet50"].preprocessing)
