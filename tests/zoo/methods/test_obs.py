"""Optimal Brain Surgeon against a search that solves the whole constrained problem for every candidate."""

import numpy as np
import pytest
import torch
from second_order_oracles import constrained_minimum, damped_fisher
from second_order_runs import flat, half_pruned, numpy_of, one_shot, true_gradients

from zoo.errors import MaskError, TooLargeError
from zoo.masks import count_for
from zoo.pruner import Pruner


def whole_fisher(pruner: Pruner, damping: float) -> np.ndarray:
    """Of all prunable weights together, in their order."""
    return damped_fisher(np.concatenate(list(true_gradients(pruner).values()), axis=1), damping)


@pytest.mark.parametrize("damping", [1e-2, 1e-4])
def test_the_weights_that_leave_one_by_one_are_those_of_the_search(damping: float) -> None:
    pruner = one_shot("obs", 0.1, damping=damping)
    weights, fisher = numpy_of(pruner.prunable), whole_fisher(pruner, damping)
    gone = np.zeros(len(weights), dtype=bool)
    for _ in range(len(weights) - count_for(0.1, len(weights))):
        inverse = np.zeros_like(fisher)
        inverse[np.ix_(~gone, ~gone)] = np.linalg.inv(fisher[np.ix_(~gone, ~gone)])
        moved = constrained_minimum(fisher, weights, gone)[0]
        cost = np.where(gone, np.inf, moved**2 / np.where(gone, 1.0, np.diag(inverse)))
        gone[int(cost.argmin())] = True
    pruner.after_step()
    assert torch.equal(flat(pruner.masks), torch.from_numpy(~gone))
    expected = constrained_minimum(fisher, weights, gone)[0]
    np.testing.assert_allclose(numpy_of(pruner.prunable), expected, rtol=1e-3, atol=1e-5)


def test_weights_of_other_layers_make_up_too() -> None:
    whole, blocks = one_shot("obs", 0.5, damping=1e-3), one_shot("cap", 0.5, damping=1e-3, block_size=1000)
    fisher, weights = whole_fisher(whole, 1e-3), numpy_of(whole.prunable)
    losses = {}
    for name, pruner in (("whole", whole), ("blocks", blocks)):
        pruner.after_step()
        change = numpy_of(pruner.prunable) - weights
        losses[name] = change @ fisher @ change / 2
    assert losses["whole"] < losses["blocks"]


def test_weights_that_had_left_take_no_part() -> None:
    pruner = one_shot("obs", 0.6, damping=1e-3)
    held = flat(half_pruned(pruner)).numpy()
    weights, fisher = numpy_of(pruner.prunable), whole_fisher(pruner, 1e-3)[np.ix_(held, held)]
    pruner.after_step()
    stays = flat(pruner.masks).numpy()
    assert not (stays & ~held).any()
    expected = constrained_minimum(fisher, weights[held], ~stays[held])[0]
    np.testing.assert_allclose(numpy_of(pruner.prunable)[held], expected, rtol=1e-3, atol=1e-5)


def test_large_networks_are_refused_with_the_memory_and_what_to_use_instead() -> None:
    pruner = one_shot("obs", largest=100)
    with pytest.raises(TooLargeError, match=r"174 weights takes 0\.7 MB of memory .* stop at 100 weights") as refused:
        pruner.after_step()
    assert "cap or block-fisher" in str(refused.value.hint)
    assert pruner.sparsity() == 0.0


def test_memory_that_is_not_there_is_asked_for_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.second_order.memory.available_bytes", lambda _device: 700_000)
    with pytest.raises(TooLargeError, match=r"takes 0\.7 MB; 0\.7 MB are free on cpu"):
        one_shot("obs").after_step()


def test_layers_that_stay_dense_may_be_too_much() -> None:
    with pytest.raises(MaskError, match="stay dense keep too much"):
        one_shot("obs", 0.9, scope="no-stem-no-classifier").after_step()
