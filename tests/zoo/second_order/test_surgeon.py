"""Saliency and joint update against the KKT system of the problem that they claim to solve."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from second_order_oracles import constrained_minimum, damped_fisher

from zoo.second_order.surgeon import joint_update, saliency


def problem(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return damped_fisher(rng.normal(size=(3 * size, size)) @ rng.normal(size=(size, size)), 1e-2), rng.normal(size=size)


def test_saliency_is_the_constrained_minimum_for_each_weight() -> None:
    fisher, weights = problem(0, 9)
    scores = saliency(torch.from_numpy(weights)[None], torch.from_numpy(np.linalg.inv(fisher))[None])[0]
    expected = [constrained_minimum(fisher, weights, np.arange(9) == q)[1] for q in range(9)]
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 12), st.data())
def test_joint_update_is_the_constrained_minimum(seed: int, size: int, data: st.DataObject) -> None:
    pruned = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    fisher, weights = problem(seed, size)
    moved = joint_update(
        torch.from_numpy(weights)[None], torch.from_numpy(np.linalg.inv(fisher))[None], torch.from_numpy(pruned)[None]
    )[0].numpy()
    expected, _ = constrained_minimum(fisher, weights, pruned)
    np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-8)
    assert not np.signbit(moved[pruned]).any()
    assert (moved[pruned] == 0).all()


def test_blocks_with_different_sets_are_solved_apart() -> None:
    problems = [problem(seed, 6) for seed in range(4)]
    weights = torch.from_numpy(np.stack([w for _, w in problems]))
    inverses = torch.from_numpy(np.stack([np.linalg.inv(f) for f, _ in problems]))
    pruned = torch.tensor([[False] * 6, [True] * 6, [True] + [False] * 5, [True, False] * 3])
    together = joint_update(weights, inverses, pruned)
    for block in torch.arange(4)[:, None]:
        alone = joint_update(weights[block], inverses[block], pruned[block])
        torch.testing.assert_close(together[block], alone)
    assert torch.equal(together[0], weights[0])
    assert not together[1].any()


def test_joint_update_beats_the_sum_of_single_updates() -> None:
    """WoodFisher adds up single-weight updates; the joint solution is better when weights correlate."""
    fisher, weights = problem(5, 10)
    inverse, pruned = np.linalg.inv(fisher), np.arange(10) < 5
    summed = weights - inverse[:, pruned] @ (weights[pruned] / np.diag(inverse)[pruned])
    summed[pruned] = 0
    joint = joint_update(*(torch.from_numpy(a)[None] for a in (weights, inverse, pruned)))[0].numpy()

    def growth(moved: np.ndarray) -> float:
        return float((moved - weights) @ fisher @ (moved - weights) / 2)

    assert growth(joint) < 0.99 * growth(summed)
    assert growth(joint) == pytest.approx(constrained_minimum(fisher, weights, pruned)[1])


def test_blocks_of_one_weight_are_damped_optimal_brain_damage() -> None:
    generator = torch.Generator().manual_seed(0)
    weights, squares = torch.randn(50, generator=generator), torch.rand(50, generator=generator)
    scores = saliency(weights[:, None], (1 / (squares + 1e-2))[:, None, None])[:, 0]
    torch.testing.assert_close(scores, weights**2 * (squares + 1e-2) / 2)
    moved = joint_update(weights[:, None], (1 / squares)[:, None, None], (weights < 0)[:, None])[:, 0]
    assert torch.equal(moved, weights.clamp(min=0))
