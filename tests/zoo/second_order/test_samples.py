"""Samples for calibration: exactly as many as asked for, in order."""

import pytest
import torch

from zoo.errors import CalibrationError
from zoo.second_order.samples import Batches, calibration_batches, first_samples


def batches(count: int = 3) -> Batches:
    return ((torch.full((4, 1, 2, 2), float(i)), torch.arange(4) + 4 * i) for i in range(count))


@pytest.mark.parametrize(("wanted", "given"), [(1, 1), (4, 4), (7, 7), (12, 12), (100, 12)])
def test_the_first_samples_in_order(wanted: int, given: int) -> None:
    images, labels = first_samples(batches(), wanted)
    assert labels.tolist() == list(range(given))
    assert images[:, 0, 0, 0].tolist() == [i // 4 for i in range(given)]


def test_no_more_batches_are_drawn_than_needed() -> None:
    source = batches()
    first_samples(source, 4)
    assert next(source)[1].tolist() == [4, 5, 6, 7]


def test_no_data_is_a_clear_error() -> None:
    with pytest.raises(CalibrationError, match="calibration data"):
        calibration_batches(None)
    with pytest.raises(CalibrationError, match="empty"):
        first_samples(batches(0), 5)
