"""Random crops against torchvision's, and that they are drawn from (seed, epoch, image) alone."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp, kstest
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms.functional import resized_crop, to_tensor

from zoo.checkpoint.config import Preprocessing
from zoo.core.errors import UsageError
from zoo.data import Augmentation
from zoo.data._augmentation import augment, crop_box, draws, shuffled

PLAIN = Preprocessing((3, 24, 24), (0.0,) * 3, (1.0,) * 3, "bilinear", 1.0)


@pytest.mark.parametrize("size", [(375, 500), (500, 333), (40, 40), (30, 300), (300, 20)])
def test_boxes_are_distributed_as_those_of_torchvision(size: tuple[int, int]) -> None:
    n, augmentation = 2000, Augmentation()
    ours = np.array([crop_box(*size, augmentation, draws(0, 1, image)) for image in range(n)])
    blank = torch.zeros(3, *size)
    judge = np.array(
        [RandomResizedCrop.get_params(blank, list(augmentation.scale), list(augmentation.ratio)) for _ in range(n)]
    )
    assert (ours[:, 0] >= 0).all()
    assert (ours[:, 1] >= 0).all()
    assert (ours[:, 0] + ours[:, 2] <= size[0]).all()
    assert (ours[:, 1] + ours[:, 3] <= size[1]).all()
    for column in range(4):
        assert ks_2samp(ours[:, column], judge[:, column], method="asymp").pvalue > 1e-3, column


@pytest.mark.parametrize("size", [(10, 500), (500, 10), (10, 13)])
def test_an_image_that_no_box_fits_is_cropped_as_torchvision_does(size: tuple[int, int]) -> None:
    augmentation = Augmentation(scale=(1.0, 1.0), ratio=(1.0, 1.0))
    judge = RandomResizedCrop.get_params(torch.zeros(3, *size), [1.0, 1.0], [1.0, 1.0])
    assert crop_box(*size, augmentation, draws(0, 0, 0)) == judge


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_pixels_are_those_of_torchvision_on_the_same_box(interpolation: str) -> None:
    # Middling greys, because Pillow clips the overshoot of its first pass.
    image = np.random.default_rng(0).integers(64, 192, (60, 47, 3), dtype=np.uint8)
    wanted = Preprocessing((3, 24, 24), (0.0,) * 3, (1.0,) * 3, interpolation, 1.0)
    for number in range(20):
        u = draws(5, 0, number)
        found = augment(image, wanted, Augmentation(), u)
        box = crop_box(60, 47, Augmentation(), u)
        expected = to_tensor(resized_crop(Image.fromarray(image), *box, [24, 24], InterpolationMode(interpolation)))
        expected = expected.flip(2) if u[-1] < 0.5 else expected
        torch.testing.assert_close(found, expected, atol=1.5 / 255, rtol=0)


def test_half_of_the_images_are_mirrored() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4] = 255
    whole = Augmentation(scale=(1.0, 1.0), ratio=(1.0, 1.0))
    left = [bool(augment(image, PLAIN, whole, draws(0, 0, number))[0, 0, 0] > 0.5) for number in range(400)]
    assert 160 < sum(left) < 240
    never = Augmentation(scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0)
    assert all(augment(image, PLAIN, never, draws(0, 0, number))[0, 0, 0] > 0.5 for number in range(20))


def test_draws_are_uniform_and_differ_by_seed_epoch_and_image() -> None:
    many = np.array([draws(0, epoch, image) for epoch in range(10) for image in range(200)])
    assert kstest(many.ravel(), "uniform").pvalue > 1e-3
    assert len(np.unique(many)) == many.size
    assert not np.intersect1d(many, draws(1, 0, 0)).size


def test_draws_and_order_are_pinned() -> None:
    # Philox 4x64 (Salmon et al. 2011) as numpy 2.4.6 gives it; another value here makes every training run another one.
    assert draws(7, 2, 3)[:3].tolist() == [0.7142599062036504, 0.2620641192410619, 0.8439405073863235]
    assert shuffled(8, 0, 1).tolist() == [7, 4, 2, 6, 5, 0, 1, 3]


def test_an_order_is_a_permutation_and_every_place_is_as_likely() -> None:
    orders = np.array([shuffled(6, 3, epoch) for epoch in range(3000)])
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    counts = np.array([np.bincount(orders[:, place], minlength=6) for place in range(6)])
    assert ((counts - 500) ** 2 / 500).sum() < 60  # chi-squared with 25 degrees of freedom: p = 1e-4


@pytest.mark.parametrize("wrong", [{"scale": (0.0, 1.0)}, {"scale": (0.5, 1.5)}, {"ratio": (2.0, 1.0)}, {"flip": 1.5}])
def test_impossible_augmentations_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="must be from"):
        Augmentation(**wrong)  # type: ignore[arg-type]
