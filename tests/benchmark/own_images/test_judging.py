"""Two networks on the same images: the difference is signed, paired, and called what it is."""

from math import hypot

import numpy as np
import pytest

from benchmark.logits import Logits
from benchmark.own_images.judging import Judged, difference, judge
from benchmark.own_images.splitting import OwnImages
from benchmark.predictions import Predictions

IMAGES = OwnImages("made up", "made:up", ("a", "b"), {}, "not at all", 0)
N = 400


def _judged(wrong: int) -> Judged:
    """A network that is sure of itself, and mistaken about the first ``wrong`` images."""
    labels = np.arange(N) % 2
    answers = np.where(np.arange(N) < wrong, 1 - labels, labels)
    logits = np.eye(2, dtype=np.float32)[answers] * 4
    ids = tuple(f"{number:04d}" for number in range(N))
    return judge(Predictions.from_logits(ids, labels, Logits(logits)), IMAGES)


def test_better_and_worse_are_mirror_images() -> None:
    better, worse = difference(_judged(20), _judged(60)), difference(_judged(60), _judged(20))
    change = better["changes"]["top1@1"]
    assert change["value"] == pytest.approx(0.1)
    assert 0 < change["low"] < 0.1 < change["high"]
    assert (better["verdict"], worse["verdict"]) == ("better", "worse")
    assert worse["changes"]["top1@1"]["value"] == pytest.approx(-0.1)
    assert better["mcnemar"]["only_first"] == worse["mcnemar"]["only_second"] == 40
    assert better["mcnemar"]["only_second"] == 0
    assert better["changes"]["nll@1"]["value"] < 0  # fewer mistakes, less loss


def test_equal_networks_cannot_be_told_apart() -> None:
    same = difference(_judged(30), _judged(30))
    assert same["verdict"] == "cannot be told apart"
    assert {change["value"] for change in same["changes"].values()} == {0.0}
    assert {change["high"] - change["low"] for change in same["changes"].values()} == {0.0}


def test_the_pairing_is_worth_something() -> None:
    """The interval of the difference is narrower than those of two independent samples would allow."""
    first, second = _judged(50), _judged(54)
    change = difference(first, second)["changes"]["top1@1"]
    alone = [one.numbers["top1"] for one in (first, second)]
    widths = [(one.ci_high or 0) - (one.ci_low or 0) for one in alone]
    assert change["high"] - change["low"] < 0.5 * hypot(*widths)
