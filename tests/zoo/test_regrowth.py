"""The rules of regrowth: exact counts, uniform chance, and overflow that is handed on."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from wave_networks import golden

from zoo.errors import MaskError
from zoo.regrowth import dense_gradient, grown, grown_at_random, shared_out, staying, staying_by_sign


def mask_of(text: str) -> torch.Tensor:
    return torch.tensor([letter == "1" for letter in text])


def test_random_growth_is_uniform_over_what_is_pruned() -> None:
    """χ² over 10,000 draws of 3 of 30 free positions; drawing without replacement shrinks the variance by 27/29."""
    kept = mask_of("1101").repeat(10)
    kept[:30] = False
    free = (~kept).nonzero().squeeze(1)
    generator = torch.Generator().manual_seed(11)
    draws = 10_000
    counts = torch.zeros(len(kept), dtype=torch.float64)
    for _ in range(draws):
        counts += grown_at_random(kept, 3, generator)
    assert torch.equal(counts[kept], torch.full((int(kept.sum()),), float(draws), dtype=torch.float64))
    expected = draws * 3 / len(free)
    statistic = float(((counts[free] - expected) ** 2 / expected).sum()) * (len(free) - 1) / (len(free) - 3)
    assert 10.0 < statistic < 68.0, statistic  # the 0.001 and 0.9999 quantiles of χ² with 31 degrees of freedom


def test_random_growth_takes_its_chance_from_the_generator_alone() -> None:
    kept = mask_of("1000000000")
    first, again = (grown_at_random(kept, 4, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert int(first.sum()) == 5
    assert not torch.equal(first, grown_at_random(kept, 4, torch.Generator().manual_seed(6)))


def test_growth_never_takes_a_kept_position_whatever_its_score() -> None:
    score = torch.tensor([9.0, 1.0, 8.0, 2.0])
    assert grown(score, mask_of("1010"), 1).tolist() == [True, False, True, True]


@pytest.mark.parametrize("grow", [grown, lambda _score, kept, n: grown_at_random(kept, n, torch.Generator())])
def test_no_more_can_grow_than_is_pruned(grow: type) -> None:
    with pytest.raises(MaskError, match="add 3 weights where 2 are pruned"):
        grow(torch.zeros(4), mask_of("1100"), 3)


def test_no_more_can_stay_than_was_kept() -> None:
    with pytest.raises(MaskError, match="keep 3 weights of 2"):
        staying(torch.zeros(4), mask_of("1100"), 3)


def test_by_sign_the_weights_nearest_to_zero_leave_on_both_sides() -> None:
    weight = torch.tensor([0.1, 0.2, 0.3, 0.4, -5.0, -6.0, -7.0, 9.0])
    stay = staying_by_sign(weight, mask_of("11111110"), 0.5)
    assert stay.tolist() == [False, False, True, True, False, True, True, False]


def test_a_gradient_that_is_missing_or_overflowed_counts_as_zero() -> None:
    weight = nn.Parameter(torch.ones(4))
    assert dense_gradient(weight).tolist() == [0.0] * 4
    weight.grad = torch.tensor([1.0, torch.inf, torch.nan, -torch.inf])
    assert dense_gradient(weight).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert bool(torch.isinf(weight.grad[1])), "the gradient itself was changed"


@given(st.data(), st.integers(1, 6))
def test_what_is_shared_out_adds_up_and_overfills_nobody(data: st.DataObject, layers: int) -> None:
    names = [f"layer{i}" for i in range(layers)]
    room = {name: data.draw(st.integers(0, 50)) for name in names}
    shares = {name: data.draw(st.floats(0, 1)) for name in names}
    total = data.draw(st.integers(0, sum(room.values())))
    given_out = shared_out(shares, room, total)
    assert sum(given_out.values()) == total
    assert all(0 <= given_out[name] <= room[name] for name in names)
    # Overflow is only ever added to a layer's own share.
    whole = sum(shares.values())
    for name in names:
        if whole:
            assert given_out[name] >= min(room[name], int(total * shares[name] / whole) - 1)


@pytest.mark.parametrize("case", ["snfs_even", "snfs_full"])
def test_sharing_out_equals_the_authors_code_to_their_rounding(case: str) -> None:
    """Theirs rounds up, fills layers to 99 % and then cuts; ours is exact. "full" overflows one layer of three."""
    found = golden("regrowth")[case]
    sizes = {"a.weight": 120, "b.weight": 200, "c.weight": 80}
    stayed = {name: found["before"][name] - found["removed"][name] for name in sizes}
    room = {name: sizes[name] - stayed[name] for name in sizes}
    ours = shared_out(found["shares"], room, sum(found["removed"].values()))
    theirs = {name: found["after"][name] - stayed[name] for name in sizes}
    assert all(abs(ours[name] - theirs[name]) <= 1 for name in sizes), (ours, theirs)
    assert (ours["c.weight"] == room["c.weight"]) is (case == "snfs_full")


def test_without_any_share_weights_go_where_there_is_room() -> None:
    assert shared_out({"a": 0.0, "b": 0.0}, {"a": 30, "b": 10}, 4) == {"a": 3, "b": 1}


def test_more_than_there_is_room_for_cannot_be_shared_out() -> None:
    with pytest.raises(MaskError, match="add 5 weights where 4 are pruned"):
        shared_out({"a": 1.0, "b": 0.0}, {"a": 1, "b": 3}, 5)
