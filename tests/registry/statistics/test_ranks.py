"""Rank intervals and tie groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from registry.statistics import RankInterval, rank_intervals, tie_groups

entries = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 10)), min_size=1, max_size=12)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=12), st.booleans())
def test_without_noise_they_are_ordinary_ranks(values: list[int], higher: bool) -> None:
    signed = [-value if higher else value for value in values]
    best, worst = rankdata(signed, "min"), rankdata(signed, "max")
    ranks = rank_intervals([float(v) for v in values], [0.0] * len(values), higher_is_better=higher)
    assert ranks == [RankInterval(int(low), int(high)) for low, high in zip(best, worst, strict=True)]


@given(entries, st.booleans())
def test_intervals_hold_the_rank_of_the_point_estimate(entries: list[tuple[float, float]], higher: bool) -> None:
    values, halves = [value for value, _ in entries], [half for _, half in entries]
    signed = [-value if higher else value for value in values]
    ranks = rank_intervals(values, halves, higher_is_better=higher)
    for rank, low, high in zip(ranks, rankdata(signed, "min"), rankdata(signed, "max"), strict=True):
        assert rank is not None
        assert 1 <= rank.best <= low <= high <= rank.worst <= len(entries)


def test_entries_without_interval_have_no_rank_and_count_for_nobody() -> None:
    ranks = rank_intervals([1.0, 2.0, None], [0.1, None, 0.1], higher_is_better=False)
    assert ranks == [RankInterval(1, 1), None, None]
    assert tie_groups([1.0, 2.0, None], [0.1, None, 0.1], higher_is_better=False) == [1, None, None]


@given(entries)
def test_groups_follow_the_order_of_values(entries: list[tuple[float, float]]) -> None:
    values, halves = [value for value, _ in entries], [half for _, half in entries]
    groups = tie_groups(values, halves, higher_is_better=True)
    ordered = [group for _, group in sorted(zip(values, groups, strict=True), key=lambda pair: -pair[0])]
    known = [group for group in ordered if group is not None]
    assert known == sorted(known)
    assert set(known) == set(range(1, max(known) + 1))


def test_a_chain_of_ties_is_cut_from_the_best_downwards() -> None:
    """a ties with b and b with c, but a is better than c: c begins a group of its own."""
    assert tie_groups([3.0, 2.0, 1.0], [0.9, 0.9, 0.9], higher_is_better=True) == [1, 1, 2]


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one half width per value"):
        rank_intervals([1.0], [], higher_is_better=True)
