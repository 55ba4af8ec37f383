"""Reordered channels: the same function, never less retained, the best there is where all orders can be tried."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoo.models import build
from zoo.patterns import NByM
from zoo.permutation import best_order, permute, retained
from zoo.prunable import prunable_parameters
from zoo.scores import magnitude
from zoo.selection import SelectionConfig
from zoo.structures.n_by_m import NByMStructure

TWO_OF_FOUR = NByM(2, 4)


def kept_by_hand(matrix: Tensor, order: list[int], pattern: NByM) -> float:
    """One row and one group at a time."""
    total = 0.0
    for row in matrix.tolist():
        for first in range(0, len(order), pattern.m):
            total += sum(
                sorted((row[column] for column in order[first : first + pattern.m]), reverse=True)[: pattern.n]
            )
    return total


def best_by_hand(matrix: Tensor, left: frozenset[int], pattern: NByM) -> float:
    """The best of all ways to deal the columns out."""
    if not left:
        return 0.0
    first, *rest = sorted(left)
    return max(
        kept_by_hand(matrix, [first, *others], pattern) + best_by_hand(matrix, left - {first, *others}, pattern)
        for others in combinations(rest, pattern.m - 1)
    )


def drawn(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = (2.0 * torch.rand(1, columns, generator=generator)).exp()
    return torch.randn(rows, columns, generator=generator).abs() * size


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(0, 999), st.sampled_from([(2, 4, 8), (1, 4, 8), (3, 4, 8), (1, 2, 4)]))
def test_two_groups_are_dealt_out_in_the_best_of_all_ways(rows: int, seed: int, sizes: tuple[int, int, int]) -> None:
    n, m, columns = sizes
    matrix, pattern = drawn(rows, columns, seed), NByM(n, m)
    order = best_order(matrix, pattern)
    assert sorted(order.tolist()) == list(range(columns))
    assert retained(matrix[:, order], pattern) == pytest.approx(kept_by_hand(matrix, order.tolist(), pattern))
    best = best_by_hand(matrix, frozenset(range(columns)), pattern)
    assert retained(matrix[:, order], pattern) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_three_groups_come_near_the_best(seed: int) -> None:
    matrix = drawn(8, 12, seed)
    before, best = retained(matrix, TWO_OF_FOUR), best_by_hand(matrix, frozenset(range(12)), TWO_OF_FOUR)
    after = retained(matrix[:, best_order(matrix, TWO_OF_FOUR)], TWO_OF_FOUR)
    assert before <= after <= best * (1 + 1e-9)
    assert after >= before + 0.7 * (best - before)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(1, 9), st.integers(1, 5), st.sampled_from([(2, 4), (4, 8), (1, 16)]), st.integers(0, 99))
def test_never_less_is_retained(rows: int, groups: int, sizes: tuple[int, int], seed: int) -> None:
    pattern = NByM(*sizes)
    matrix = drawn(rows, groups * pattern.m, seed)
    assert retained(matrix[:, best_order(matrix, pattern)], pattern) >= retained(matrix, pattern)


def test_equal_columns_stay_where_they_are() -> None:
    assert best_order(torch.ones(5, 16), TWO_OF_FOUR).tolist() == list(range(16))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet8-digits", (1, 8, 8)),
        ("lenet-5", (1, 28, 28)),  # whose linear layer reads several places of each channel
        pytest.param("resnet18", (3, 32, 32), marks=pytest.mark.slow),
        pytest.param("mobilenetv3_small_100", (3, 32, 32), marks=pytest.mark.slow),
    ],
)
def test_a_reordered_network_computes_the_same_and_keeps_more_under_the_mask(
    name: str, size: tuple[int, int, int]
) -> None:
    model, images = build(name, 5, seed=0).eval(), torch.randn(2, *size)

    def kept() -> float:
        scores = magnitude(prunable_parameters(model))
        shapes = {key: tuple(score.shape) for key, score in scores.items()}
        masks = SelectionConfig().masks(scores, 0.5, None, NByMStructure(shapes, TWO_OF_FOUR))
        return sum(float(scores[key].double()[mask].sum()) for key, mask in masks.items())

    before = kept()
    with torch.no_grad():
        expected = model(images)
        gain = permute(model, TWO_OF_FOUR, images)
        torch.testing.assert_close(model(images), expected, rtol=1e-5, atol=1e-5)
    assert gain.after > gain.before
    assert kept() - before == pytest.approx(gain.after - gain.before, rel=1e-4)
