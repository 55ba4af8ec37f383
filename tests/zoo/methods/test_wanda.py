"""Wanda: the authors' masks, its identity with a diagonal Hessian, and exact counts by row."""

from typing import Any

import numpy as np
import pytest
import torch
from layerwise_problems import golden_problem, linear, moments_of, prepared
from pruning_runs import start
from wave_networks import golden

from zoo.core.errors import UsageError
from zoo.masks import count_for, keep_top_rows
from zoo.methods.wanda import Wanda, WandaConfig
from zoo.patterns import NByM
from zoo.pruner import Pruner


def pruned(target: float = 0.5, weights: torch.Tensor | None = None, **settings: Any) -> Pruner:
    """On the layer and the inputs of the golden values, or on the tiny network."""
    method = Wanda(WandaConfig(**settings))
    return start(method, target).pruner if weights is None else prepared(method, weights, target)


def test_the_mask_equals_the_public_code() -> None:
    weights, _ = golden_problem()
    pruner = pruned(weights=weights)
    expected = torch.tensor(golden("layerwise")["wanda"]["pruned_half"]) == 0
    assert torch.equal(pruner.masks["weight"], expected)
    assert torch.equal(pruner.prunable["weight"], weights * expected)


def test_two_of_four_equal_the_public_code() -> None:
    weights, _ = golden_problem()
    pruner = prepared(Wanda(), weights, 0.5, NByM(2, 4))
    expected = torch.tensor(golden("layerwise")["wanda"]["pruned_two_of_four"]) == 0
    assert torch.equal(pruner.masks["weight"], expected)


def test_the_order_is_the_surgeon_s_with_a_diagonal_hessian() -> None:
    weights, inputs = golden_problem()
    squares = (inputs.double().numpy() ** 2).sum(0) / 80 * 2
    saliency = weights.double().numpy() ** 2 / (2 / squares)
    scores = (weights.abs().double() * moments_of(linear(weights), inputs).norms()).numpy()
    np.testing.assert_allclose(scores**2, saliency, rtol=1e-5)


@pytest.mark.parametrize("target", [0.0, 0.37, 0.5, 0.98])
def test_outputs_keep_as_many_weights_to_one(target: float) -> None:
    pruner = pruned(target)
    assert sum(int(mask.sum()) for mask in pruner.masks.values()) == count_for(target, 270)
    for mask in pruner.masks.values():
        rows = mask.flatten(1).sum(1)
        assert int(rows.max() - rows.min()) <= 1


def test_what_is_left_over_goes_to_the_rows_with_the_best_next_weight() -> None:
    scores = torch.tensor([[5.0, 1.0, 0.0], [9.0, 3.0, 0.0], [7.0, 2.0, 0.0]])
    kept = keep_top_rows(scores, 5)
    assert kept.tolist() == [[True, False, False], [True, True, False], [True, True, False]]
    assert torch.equal(keep_top_rows(torch.zeros(3, 4), 5).sum(1), torch.tensor([2, 2, 1]))


def test_settings_change_what_they_say() -> None:
    usual = pruned().prunable
    for settings in ({"compared": "layer"}, {"refit": True}, {"order": "parallel"}, {"samples": 4}):
        pruner = pruned(**settings)
        assert pruner.sparsity() == 0.5
        assert any(not torch.equal(usual[name], weight) for name, weight in pruner.prunable.items()), settings


def test_a_refit_moves_the_weights_and_not_the_mask() -> None:
    weights, inputs = golden_problem()
    plain, fitted = pruned(weights=weights), pruned(weights=weights, refit=True, damping=0.0)
    assert torch.equal(plain.masks["weight"], fitted.masks["weight"])
    x = inputs.double().numpy()
    for row, kept, found in zip(weights, plain.masks["weight"], fitted.prunable["weight"], strict=True):
        expected = np.linalg.lstsq(x[:, kept.numpy()], x @ row.double().numpy(), rcond=None)[0]
        np.testing.assert_allclose(found.detach()[kept].numpy(), expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("wrong", [{"compared": "column"}, {"damping": -0.1}])
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="compared is one of row, layer"):
        WandaConfig(**wrong)
