"""One weight after the other: explicit inverses at every step, the authors' code, laziness that changes nothing."""

from importlib import import_module

import numpy as np
import pytest
import torch
from layerwise_problems import (
    Matrix,
    curved,
    error,
    golden_problem,
    layer_of,
    least_squares,
    linear,
    moments_of,
    problem,
)
from torch import Tensor, nn
from wave_networks import golden, wave

from zoo.errors import LostDigitsError
from zoo.layerwise import Elimination, eliminate, refit
from zoo.layerwise.inverse import Curvature, curvature

lazily = import_module("zoo.layerwise.eliminate")


def by_the_textbook(
    row: Matrix, hessian: Matrix, size: int, most: tuple[int, int] | None, steps: int
) -> tuple[list[int], list[float], list[Matrix]]:
    """Every candidate of every step by the explicit inverse of H on what is left, in double precision."""
    w, left = row.copy(), list(range(len(row)))
    order, losses, traces = [], [], []
    taken: dict[int, int] = {}
    for _ in range(steps):
        inverse = np.linalg.inv(hessian[np.ix_(left, left)])
        best = (np.inf, -1)
        for block in sorted({column // size for column in left}):
            if most is not None and taken.get(block // most[1], 0) >= most[0]:
                continue
            places = [left.index(column) for column in range(block * size, block * size + size)]
            gone = w[block * size : block * size + size]
            cost = float(gone @ np.linalg.inv(inverse[np.ix_(places, places)]) @ gone) / 2
            best = min(best, (cost, block))
        cost, block = best
        places = [left.index(column) for column in range(block * size, block * size + size)]
        gone = w[block * size : block * size + size]
        change = gone @ np.linalg.inv(inverse[np.ix_(places, places)]) @ inverse[places]
        w[left] -= change
        w[block * size : block * size + size] = 0
        left = [column for column in left if column // size != block]
        if most is not None:
            taken[block // most[1]] = taken.get(block // most[1], 0) + 1
        order.append(block)
        losses.append(cost)
        traces.append(w.copy())
    return order, losses, traces


@pytest.mark.parametrize("lazy", [1, 3, 64])
@pytest.mark.parametrize(("size", "most"), [(1, None), (1, (2, 4)), (1, (1, 2)), (4, None), (3, None), (2, (1, 3))])
def test_every_step_is_the_textbook_s(
    lazy: int, size: int, most: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "LAZY", lazy)
    monkeypatch.setattr(lazily, "TOLERANCE", 0.0)  # double precision
    weights, inputs, hessian = problem()
    found = eliminate(weights, curved(hessian), size=size, most=most)
    for row in range(4):
        w = weights[0, row].double().numpy()
        order, losses, traces = by_the_textbook(w, hessian, size, most, found.order.shape[1])
        assert found.order[row].tolist() == order
        np.testing.assert_allclose(found.losses[row].numpy(), losses, rtol=1e-8, atol=1e-12)
        for step, trace in enumerate(traces):  # and the weights after each step are a least squares solution
            gone = np.isin(np.arange(12) // size, order[: step + 1])
            np.testing.assert_allclose(trace, least_squares(inputs, w, ~gone), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("size", [1, 3])
def test_rows_that_lose_the_same_inputs_cost_their_sum(size: int) -> None:
    """Every candidate of every step by least squares on all rows together."""
    weights, inputs, hessian = problem()
    found = eliminate(weights, curved(hessian), size=size, tall=2)
    assert found.order.shape == (2, 12 // size)
    for unit in range(2):
        rows = weights[0, 2 * unit : 2 * unit + 2].double().numpy()
        gone: list[int] = []
        spent = 0.0
        for step in range(12 // size):
            costs = {}
            for block in set(range(12 // size)) - set(gone):
                kept = ~np.isin(np.arange(12) // size, [*gone, block])
                fitted = np.stack([least_squares(inputs, row, kept) for row in rows])
                costs[block] = error(inputs, rows, fitted)
            best = min(costs, key=lambda block: costs[block])
            assert int(found.order[unit, step]) == best
            np.testing.assert_allclose(float(found.losses[unit, step]), costs[best] - spent, rtol=1e-3, atol=1e-5)
            gone.append(best)
            spent = costs[best]


def golden_curvature() -> tuple[Tensor, Curvature]:
    weights, inputs = golden_problem()
    moments = moments_of(linear(weights), inputs)
    return weights[None], curvature(moments.layer, moments.hessian(), 0.0)


def test_losses_equal_the_public_code() -> None:
    weights, curvature_of_waves = golden_curvature()
    expected = golden("layerwise")["obc"]
    for size, name in ((1, "losses"), (4, "block_losses")):
        found = eliminate(weights, curvature_of_waves, size=size)
        np.testing.assert_allclose(found.losses, np.array(expected[name])[:, 1:], rtol=1e-3, atol=1e-5)


def test_two_of_four_weights_equal_the_public_code() -> None:
    weights, curvature_of_waves = golden_curvature()
    found = eliminate(weights, curvature_of_waves, most=(2, 4))
    kept = torch.ones(6, 24, dtype=torch.bool).scatter_(1, found.order, False)[None]
    expected = torch.tensor(golden("layerwise")["obc"]["two_of_four"])
    assert torch.equal(kept[0], expected != 0)
    fitted = refit(weights, kept, curvature_of_waves)[0].float()
    torch.testing.assert_close(fitted, expected, rtol=1e-3, atol=1e-5)


def test_groups_of_a_convolution_count_channels_as_the_public_code_does() -> None:
    conv = nn.Conv2d(4, 4, 3, stride=2, padding=1, bias=False)
    with torch.no_grad():
        conv.weight.copy_(wave((4, 4, 3, 3), 1.7, 0.5))
    layer = layer_of(conv)
    moments = moments_of(conv, wave((10, 4, 9, 9), 1.7, 0.2))
    by_channel = layer.channels_last()
    hessian = moments.hessian()[:, by_channel][:, :, by_channel]
    curvature_of_conv = curvature(layer, hessian, 0.01)
    weights = layer.matrix(conv.weight)[..., by_channel]
    found = eliminate(weights, curvature_of_conv, most=(2, 4))
    kept = torch.ones(4, 36, dtype=torch.bool).scatter_(1, found.order, False)[None]
    fitted = refit(weights, kept, curvature_of_conv)[..., by_channel.argsort()]
    expected = torch.tensor(golden("layerwise")["conv"]["conv_two_of_four"])
    torch.testing.assert_close(layer.tensor(fitted).float(), expected, rtol=2e-3, atol=2e-5)


def test_large_rows_in_parts_and_dropped_columns_give_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, _, hessian = problem(rows=5, columns=150, samples=400)
    whole = eliminate(weights, curved(hessian))
    monkeypatch.setattr(lazily, "BATCH_BYTES", 2 * 150**2 * 4)
    monkeypatch.setattr(lazily, "LAZY", 7)
    parts: list[int] = []
    again = eliminate(weights, curved(hessian), after_part=lambda done: parts.append(len(done.order)))
    assert parts == [2, 4, 5]
    assert torch.equal(whole.order, again.order)
    torch.testing.assert_close(whole.losses, again.losses, rtol=1e-3, atol=1e-6)


def test_an_interrupted_elimination_goes_on_bit_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, _, hessian = problem(rows=6, columns=20)
    monkeypatch.setattr(lazily, "BATCH_BYTES", 2 * 20**2 * 4)
    parts: list[Elimination] = []
    whole = eliminate(weights, curved(hessian), after_part=parts.append)
    resumed = eliminate(weights, curved(hessian), done=parts[0])
    assert torch.equal(whole.order, resumed.order)
    assert torch.equal(whole.losses, resumed.losses)


def test_channel_groups_have_their_own_hessians() -> None:
    conv = nn.Conv2d(4, 4, 3, groups=2, bias=False)
    moments = moments_of(conv, torch.randn(8, 4, 6, 6))
    layer = moments.layer
    both = eliminate(layer.matrix(conv.weight), curvature(layer, moments.hessian(), 0.0))
    for group in range(2):
        alone = eliminate(layer.matrix(conv.weight)[group : group + 1], curved(moments.hessian()[group].numpy()))
        assert torch.equal(both.order[2 * group : 2 * group + 2], alone.order)


def test_weights_of_dead_inputs_leave_first_and_cost_nothing() -> None:
    weights, inputs, _ = problem()
    inputs[:, [2, 9]] = 0
    found = eliminate(weights, curved(2 / len(inputs) * inputs.T @ inputs))
    assert {tuple(sorted(row)) for row in found.order[:, :2].tolist()} == {(2, 9)}
    assert not bool(found.losses[:, :2].any())
    assert bool((found.losses[:, 2:] > 0).all())


def test_dependent_inputs_are_an_error_and_damping_its_cure() -> None:
    weights, inputs, _ = problem()
    inputs[:, 3] = inputs[:, 4]
    hessian = 2 / len(inputs) * inputs.T @ inputs
    with pytest.raises(LostDigitsError, match="inputs of weight depend on each other"):
        eliminate(weights, curved(hessian))
    eliminate(weights, curved(hessian, 0.01))


def test_nearly_dependent_inputs_are_eliminated_in_double_precision() -> None:
    """Single precision would lose all digits: variance inflation 10⁷."""
    weights, inputs, _ = problem()
    inputs[:, 3] = inputs[:, 4] + 1e-3 * np.random.default_rng(0).normal(size=len(inputs))
    hessian = 2 / len(inputs) * inputs.T @ inputs
    found = eliminate(weights, curved(hessian))
    for row in range(4):
        order, losses, _ = by_the_textbook(weights[0, row].double().numpy(), hessian, 1, None, 12)
        assert found.order[row].tolist() == order
        np.testing.assert_allclose(found.losses[row].numpy(), losses, rtol=1e-4, atol=1e-9)
