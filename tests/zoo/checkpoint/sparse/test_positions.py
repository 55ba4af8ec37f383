"""Gaps and bitmasks."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.checkpoint.errors import SparseFileError
from zoo.checkpoint.sparse.planes import split
from zoo.checkpoint.sparse.positions import Piece, bitmask_of, gaps_of, pieces_of_bitmask, pieces_of_gaps


def indices_in(pieces: Iterable[Piece]) -> list[int]:
    return [base + index for base, indices in pieces for index in indices.tolist()]


def marked(elements: int, indices: Iterable[int]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(elements, np.bool_)
    mask[list(indices)] = True
    return mask


def test_gaps_are_the_first_index_and_then_the_distances() -> None:
    assert gaps_of(np.array([0, 3, 4, 9])).tolist() == [0, 3, 1, 5]


@pytest.mark.parametrize(("last", "width"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4)])
def test_gaps_take_the_narrowest_word(last: int, width: int) -> None:
    gaps = gaps_of(np.array([last]))
    assert gaps.itemsize == width
    assert indices_in(pieces_of_gaps(split(gaps), last + 1)) == [last]


@given(indices=st.sets(st.integers(0, 3000)), more=st.integers(0, 9))
def test_both_codes_give_the_indices_back(indices: set[int], more: int) -> None:
    ordered, elements = sorted(indices), max(indices, default=0) + 1 + more
    assert indices_in(pieces_of_gaps(split(gaps_of(np.array(ordered, np.int64))), elements)) == ordered
    bitmask = bitmask_of(marked(elements, ordered))
    assert indices_in(pieces_of_bitmask(bitmask, elements, len(ordered))) == ordered


def test_long_tensors_come_in_pieces_that_join_without_a_seam() -> None:
    mask = np.random.default_rng(0).random(1_200_000) < 0.4
    expected = np.flatnonzero(mask)
    for pieces in (
        list(pieces_of_gaps(split(gaps_of(expected)), mask.size)),
        list(pieces_of_bitmask(bitmask_of(mask), mask.size, expected.size)),
    ):
        assert len(pieces) > 3
        assert indices_in(pieces) == expected.tolist()


@pytest.mark.parametrize(("gaps", "elements"), [([5], 5), ([0, 3, 3], 6), ([255] * 10, 2550)])
def test_a_gap_beyond_the_end_is_refused(gaps: list[int], elements: int) -> None:
    with pytest.raises(SparseFileError, match=f"of {elements:,}"):
        indices_in(pieces_of_gaps([np.array(gaps, np.uint8)], elements))
    indices_in(pieces_of_gaps([np.array(gaps, np.uint8)], elements + 1))


@pytest.mark.parametrize("place", [1, 65_536, 70_000])  # 65,536 begins a piece
def test_two_values_at_one_place_are_refused(place: int) -> None:
    gaps = np.ones(80_000, np.uint8)
    gaps[place] = 0
    with pytest.raises(SparseFileError, match="one place"):
        indices_in(pieces_of_gaps([gaps], 10**6))


@pytest.mark.parametrize("count", [2, 4])
def test_a_bitmask_that_marks_another_number_is_refused(count: int) -> None:
    with pytest.raises(SparseFileError, match=f"does not mark {count} of 10"):
        indices_in(pieces_of_bitmask(bitmask_of(marked(10, [0, 5, 9])), 10, count))


def test_a_bit_after_the_last_element_is_refused() -> None:
    with pytest.raises(SparseFileError, match="does not mark 3 of 9"):
        indices_in(pieces_of_bitmask(bitmask_of(marked(10, [0, 5, 9])), 9, 3))
