"""Greedy removal against a search that solves the whole constrained problem for every candidate at every step."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from second_order_oracles import constrained_minimum, damped_fisher

from zoo.second_order.greedy import first_of, greedy_removal
from zoo.second_order.surgeon import joint_update


def problem(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return damped_fisher(rng.normal(size=(3 * size, size)) @ rng.normal(size=(size, size)), 1e-2), rng.normal(size=size)


def searched(fisher: np.ndarray, weights: np.ndarray) -> tuple[list[int], list[float]]:
    """The order of leaving and the loss after each, by a KKT system for every set that could come next."""
    gone = np.zeros(len(weights), dtype=bool)
    order, losses = [], []
    while not gone.all():
        costs = {}
        for q in np.flatnonzero(~gone):
            with_q = gone.copy()
            with_q[q] = True
            costs[q] = constrained_minimum(fisher, weights, with_q)[1]
        q = min(costs, key=lambda candidate: costs[candidate])
        gone[q] = True
        order.append(int(q))
        losses.append(costs[q])
    return order, losses


def matrices(*blocks: tuple[np.ndarray, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    weights = torch.from_numpy(np.stack([w for _, w in blocks]))
    return weights, torch.from_numpy(np.stack([np.linalg.inv(fisher) for fisher, _ in blocks]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7))
def test_order_and_losses_equal_the_search(seed: int, size: int) -> None:
    blocks = [problem(seed, size), problem(seed + 1, size)]
    weights, inverse = matrices(*blocks)
    removal = greedy_removal(weights, inverse, torch.ones_like(weights, dtype=torch.bool))
    for block, (fisher, w) in enumerate(blocks):
        order, losses = searched(fisher, w)
        assert torch.argsort(removal.order[block]).tolist() == order
        np.testing.assert_allclose(removal.losses[block][order].numpy(), losses, rtol=1e-6)


def test_the_loss_of_a_prefix_is_that_of_its_joint_update() -> None:
    fisher, w = problem(3, 9)
    weights, inverse = matrices((fisher, w))
    removal = greedy_removal(weights, inverse, torch.ones(1, 9, dtype=torch.bool))
    for count in range(1, 10):
        leaving = first_of(removal.order, torch.tensor([count]))
        assert int(leaving.sum()) == count
        change = (joint_update(weights, inverse, leaving) - weights)[0].numpy()
        assert change @ fisher @ change / 2 == pytest.approx(float(removal.losses[leaving].max()), rel=1e-9)


def test_blocks_end_where_nothing_is_left_and_what_had_left_stays_out() -> None:
    fisher, w = problem(4, 6)
    kept = np.array([True, False, True, True, False, True])
    alone = np.where(np.outer(kept, kept), fisher, 0.01 * np.eye(6))  # gradients of pruned weights are zero
    weights, inverse = matrices((alone, w * kept), (fisher, w), (fisher, w))
    masks = torch.from_numpy(np.stack([kept, np.ones(6, dtype=bool), np.zeros(6, dtype=bool)]))
    removal = greedy_removal(weights, inverse, masks)
    order, losses = searched(fisher[np.ix_(kept, kept)], w[kept])
    found = torch.argsort(removal.order[0][masks[0]]).tolist()
    assert found == order
    np.testing.assert_allclose(removal.losses[0][masks[0]][order].numpy(), losses, rtol=1e-6)
    assert set(removal.order[~masks].tolist()) == {-1}
    assert not removal.losses[~masks].any()
    assert removal.order[1].sort().values.tolist() == list(range(6))


def test_only_the_first_are_removed_where_more_are_not_asked_for() -> None:
    weights, inverse = matrices(problem(5, 8))
    every = torch.ones(1, 8, dtype=torch.bool)
    whole, some = greedy_removal(weights, inverse, every), greedy_removal(weights, inverse, every, most=3)
    assert torch.equal(some.order >= 0, whole.order < 3)
    assert torch.equal(some.order[some.order >= 0], whole.order[whole.order < 3])


def test_nothing_is_changed_and_no_blocks_are_none() -> None:
    weights, inverse = matrices(problem(6, 4))
    before = weights.clone(), inverse.clone()
    greedy_removal(weights, inverse, torch.ones(1, 4, dtype=torch.bool))
    assert torch.equal(weights, before[0])
    assert torch.equal(inverse, before[1])
    assert greedy_removal(weights[:0], inverse[:0], torch.ones(0, 4, dtype=torch.bool)).order.shape == (0, 4)
