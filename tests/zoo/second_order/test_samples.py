"""Calibration samples in whole groups: in order, as many as asked for, whatever the batches that bring them."""

import pytest
import torch

from zoo.errors import CalibrationError
from zoo.second_order.samples import Batches, calibration_batches, regrouped


def batches(count: int = 3) -> Batches:
    return ((torch.full((4, 1, 2, 2), float(i)), torch.arange(4) + 4 * i) for i in range(count))


def given(count: int, group: int, skip: int = 0, at_once: int = 2, source: Batches | None = None) -> list[list[int]]:
    chunks = regrouped(source or batches(), count=count, group=group, skip=skip, at_once=lambda _images: at_once)
    found = []
    for images, labels in chunks:
        assert images[:, 0, 0, 0].tolist() == [label // 4 for label in labels.tolist()]
        found.append(labels.tolist())
    return found


@pytest.mark.parametrize(("count", "group", "samples"), [(1, 1, 1), (4, 1, 4), (100, 1, 12), (2, 5, 10), (9, 5, 10)])
def test_the_first_whole_groups_in_order(count: int, group: int, samples: int) -> None:
    chunks = given(count, group)
    assert [label for chunk in chunks for label in chunk] == list(range(samples))
    assert all(len(chunk) == 2 * group for chunk in chunks[:-1])
    assert len(chunks[-1]) % group == 0


@pytest.mark.parametrize("skip", [0, 1, 2, 3, 4, 6])
def test_what_is_skipped_is_left_out_and_the_rest_is_the_same(skip: int) -> None:
    assert [label for chunk in given(6, 2, skip) for label in chunk] == list(range(12))[2 * skip :]


def test_going_on_after_a_portion_cuts_the_same_portions() -> None:
    assert given(12, 1, skip=6, at_once=3) == given(12, 1, at_once=3)[2:]


def test_no_more_batches_are_drawn_than_needed() -> None:
    source = batches()
    given(4, 1, source=source)
    assert next(source)[1].tolist() == [4, 5, 6, 7]


def test_no_data_is_a_clear_error() -> None:
    with pytest.raises(CalibrationError, match="calibration data"):
        calibration_batches(None)
    with pytest.raises(CalibrationError, match="have 0 samples, and a gradient takes 1"):
        given(5, 1, source=batches(0))
    with pytest.raises(CalibrationError, match="have 12 samples, and a gradient takes 13"):
        given(5, 13)
