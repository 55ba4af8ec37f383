"""SparseGPT's sweep: the authors' code, explicit inverses of trailing blocks, and losses in their right order."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from layerwise_problems import Matrix, curved, error, golden_problem, linear, moments_of, problem
from torch import Tensor
from wave_networks import golden

from zoo.layerwise import refit
from zoo.layerwise.inverse import Curvature, curvature
from zoo.layerwise.sweep import sweep
from zoo.masks import keep_top


def golden_curvature() -> tuple[Tensor, Curvature]:
    weights, inputs = golden_problem()
    moments = moments_of(linear(weights), inputs)
    return weights[None], curvature(moments.layer, moments.hessian(), 0.01)


def half_and_one_more(scores: Tensor, start: int) -> Tensor:
    """The public code removes what is at most the value at the place of the quantile: one weight too many a block."""
    return keep_top(scores, scores.numel() - scores.numel() // 2 - 1)


@pytest.mark.parametrize("block", [8, 24])
def test_unstructured_weights_equal_the_public_code(block: int) -> None:
    weights, curved_by = golden_curvature()
    values, kept = sweep(weights, curved_by, half_and_one_more, block)
    expected = torch.tensor(golden("layerwise")["sparsegpt"][f"unstructured_block{block}"])
    assert torch.equal(kept[0], expected != 0)
    torch.testing.assert_close(values[0].float(), expected, rtol=2e-4, atol=2e-5)


def by_the_textbook(w: Matrix, hessian: Matrix, choose: Callable[[Matrix, int], Matrix], block: int) -> Matrix:
    """Column by column, each time with the explicit inverse of what is left of H."""
    w = w.copy()
    columns = len(hessian)
    kept = np.ones_like(w, dtype=bool)
    for j in range(columns):
        if j % block == 0:
            stop = min(j + block, columns)
            costs = [np.linalg.inv(hessian[k:, k:])[0, 0] for k in range(j, stop)]
            kept[:, j:stop] = choose(w[:, j:stop] ** 2 / np.array(costs), j)
        inverse = np.linalg.inv(hessian[j:, j:])
        error = np.where(kept[:, j], 0, w[:, j]) / inverse[0, 0]
        w[:, j:] -= error[:, None] * inverse[0]
    return np.where(kept, w, 0)


def keep_half(scores: Tensor, start: int) -> Tensor:
    return keep_top(scores, scores.numel() // 2)


@pytest.mark.parametrize("block", [1, 4, 5, 12, 100])
def test_the_sweep_is_the_surgeon_s_on_the_columns_to_the_right(block: int) -> None:
    weights, _, hessian = problem()
    values, _ = sweep(weights, curved(hessian), keep_half, block)

    def choose(scores: Matrix, start: int) -> Matrix:
        return keep_half(torch.from_numpy(scores)[None], start)[0].numpy()

    expected = by_the_textbook(weights[0].double().numpy(), hessian, choose, block)
    np.testing.assert_allclose(values[0].numpy(), expected, rtol=1e-9, atol=1e-9)


def test_joint_optimum_beats_the_sweep_and_the_sweep_beats_masking() -> None:
    weights, inputs, hessian = problem(rows=8, columns=24)
    curved_by = curved(hessian)
    values, kept = sweep(weights, curved_by, keep_half)
    before = weights[0].double().numpy()
    best = refit(weights, kept, curved_by)[0].numpy()
    losses = [error(inputs, before, after) for after in (best, values[0].numpy(), before * kept[0].numpy())]
    assert losses[0] < losses[1] < losses[2]


def test_weights_of_dead_inputs_leave_first_and_disturb_nobody() -> None:
    weights, inputs, _ = problem()
    inputs[:, [1, 7]] = 0
    hessian = 2 / len(inputs) * inputs.T @ inputs
    values, kept = sweep(weights, curved(hessian, 0.01), lambda scores, _: keep_top(scores, 4 * 10), 12)
    assert not bool(kept[0][:, [1, 7]].any())
    torch.testing.assert_close(values[kept], weights.double()[kept], rtol=1e-12, atol=1e-12)


def test_many_ties_remove_no_weight_too_many() -> None:
    """Equal scores everywhere: a threshold would remove all or nothing."""
    weights = torch.ones(1, 4, 8)
    _, kept = sweep(weights, curved(np.eye(8)), lambda scores, _: keep_top(scores, 4 * 3), 8)
    assert int(kept.sum()) == 12
