"""Weather against its law, its share of the picture, or its spectrum."""

import colorsys

import numpy as np
import pytest
import torch
from corruption_pictures import grey

from benchmark.corruptions import corrupt, image_generator
from benchmark.corruptions._fields import fractal_field, soft_field
from benchmark.corruptions.fog import AIRLIGHT
from benchmark.corruptions.frost import ICE, crystals
from benchmark.corruptions.spatter import MUD

GENERATORS = [image_generator(str(i), "field", 1, 0) for i in range(20)]


def blank(n: int, side: int) -> torch.Tensor:
    return torch.zeros(n, 1, side, side, dtype=torch.float64)


def test_the_power_of_a_fractal_field_falls_as_it_says() -> None:
    fields = fractal_field(GENERATORS, blank(20, 64), 3.0)
    assert fields.amin(dim=(1, 2, 3)).tolist() == [0.0] * 20
    assert fields.amax(dim=(1, 2, 3)).tolist() == [1.0] * 20
    power = np.mean([np.abs(np.fft.fft2(field[0] / field.std())) ** 2 for field in fields.numpy()], axis=0)
    slope = np.polyfit(np.log(np.arange(1, 32)), np.log((power[0, 1:32] + power[1:32, 0]) / 2), 1)[0]
    assert slope == pytest.approx(-3.0, abs=0.15)


def test_a_soft_field_is_standardised_and_as_soft_as_it_says() -> None:
    fields = soft_field(GENERATORS, blank(20, 96), 3.0).numpy()[:, 0]
    assert fields.mean(axis=(1, 2)) == pytest.approx(np.zeros(20), abs=1e-9)
    assert fields.std(axis=(1, 2)) == pytest.approx(np.ones(20), abs=1e-9)
    # White noise blurred by sigma correlates as exp(-d^2 / (4 sigma^2)).
    correlation = (fields[:, 20:-20, 20:70] * fields[:, 20:-20, 23:73]).mean() / (fields[:, 20:-20, 20:-20] ** 2).mean()
    assert correlation == pytest.approx(np.exp(-(3**2) / (4 * 3**2)), abs=0.05)


def test_fog_follows_koschmieder() -> None:
    """White and black under one fog: what is left of their difference is the transmission of both."""
    severity_depth = {1: 0.4, 5: 1.9}
    for severity, depth in severity_depth.items():
        black = corrupt(grey(96, 0), ["a"], "fog", severity)[0, :, :, 0] / 255
        white = corrupt(grey(96, 255), ["a"], "fog", severity)[0, :, :, 0] / 255
        arrives = white - black
        assert black == pytest.approx(AIRLIGHT * (1 - arrives), abs=0.01)
        assert -np.log(arrives.clip(1e-3)).mean() == pytest.approx(depth, rel=0.02)


def test_frost_hides_up_to_its_strength_and_has_needles_and_gaps() -> None:
    ice = crystals(GENERATORS, blank(20, 96))
    assert ice.amin().item() == 0.0
    assert ice.amax().item() == 1.0
    assert 0.2 < float(ice.mean()) < 0.7
    assert float(ice.std()) > 0.12
    hidden = corrupt(grey(96, 0), ["a"], "frost", 3)[0, :, :, 0] / 255
    assert hidden.max() == pytest.approx(0.6 * np.mean(ICE), abs=1 / 255)
    assert hidden.min() == 0.0


def test_no_two_pictures_wear_the_same_frost() -> None:
    ice = crystals(GENERATORS[:8], blank(8, 64)).flatten(1).numpy()
    alike = np.corrcoef(ice) - np.eye(8)
    assert np.abs(alike).max() < 0.6


def test_snow_brightens_and_never_darkens() -> None:
    for value in (0, 128, 255):
        assert (corrupt(grey(96, value), ["a"], "snow", 2) >= value).all()
    night = corrupt(grey(96, 0), ["a"], "snow", 1)[0, :, :, 0] / 255
    assert night.min() == pytest.approx(0.075, abs=1 / 255)  # half of the strength, where no flake is
    assert night.max() > 0.5


@pytest.mark.parametrize(("severity", "share"), [(1, 0.06), (3, 0.16), (5, 0.34)])
def test_spatter_covers_the_share_that_it_says(severity: int, share: float) -> None:
    mud = np.mean(MUD)
    covered = 1 - (corrupt(grey(96, 255), ["a"], "spatter", severity) / 255 - mud) / (1 - mud)
    assert (covered > 0.5).mean() == pytest.approx(share, abs=0.01)
    assert covered.min() == pytest.approx(0.0, abs=0.01)
    assert covered.max() == pytest.approx(1.0, abs=0.01)


def test_brightness_keeps_hue_and_saturation() -> None:
    image = np.array([[[200, 100, 50], [10, 20, 30], [0, 0, 0], [90, 90, 90]]], dtype=np.uint8)[None]
    changed = corrupt(image, ["a"], "brightness", 2)[0, 0] / 255
    for before, after in zip(image[0, 0] / 255, changed, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before)
        assert after == pytest.approx(colorsys.hsv_to_rgb(hue, saturation, min(1.0, value + 0.2)), abs=1 / 255)
