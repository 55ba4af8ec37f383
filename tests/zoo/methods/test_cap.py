"""CAP against a brute-force search in every block, one ranking of all of them, and a KKT system for what stays."""

import numpy as np
import pytest
import torch
from second_order_oracles import constrained_minimum
from second_order_runs import flat, half_pruned, numpy_of, one_shot, true_blocks
from wave_networks import golden

from zoo.masks import count_for
from zoo.pruner import Pruner


def searched(pruner: Pruner, keep: int, size: int, damping: float) -> np.ndarray:
    """The weights after one change: greedy by explicit minima in every block, one sort over all, one KKT a block."""
    weights, masks = numpy_of(pruner.prunable), flat(pruner.masks).numpy()
    losses = np.full(len(weights), -1.0)
    blocks = true_blocks(pruner, size, damping)
    for place, fisher in blocks:
        w, kept = weights[place], masks[place]
        own = fisher[np.ix_(kept, kept)]
        gone, found = np.zeros(int(kept.sum()), dtype=bool), np.zeros(int(kept.sum()))
        while not gone.all():
            costs = {}
            for q in np.flatnonzero(~gone):
                gone[q] = True
                costs[q] = constrained_minimum(own, w[kept], gone)[1]
                gone[q] = False
            q = min(costs, key=lambda candidate: costs[candidate])
            gone[q], found[q] = True, costs[q]
        losses[np.flatnonzero(kept) + place.start] = found
    stays = np.zeros(len(weights), dtype=bool)
    stays[np.argsort(losses)[len(weights) - keep :]] = True
    for place, fisher in blocks:
        kept = masks[place]
        own = fisher[np.ix_(kept, kept)]
        moved = constrained_minimum(own, weights[place][kept], ~stays[place][kept])[0]
        weights[np.flatnonzero(kept) + place.start] = moved
    return np.where(stays, weights, 0.0)


@pytest.mark.parametrize("size", [6, 9])
def test_one_change_equals_the_search(size: int) -> None:
    pruner = one_shot("cap", block_size=size, damping=1e-2)
    expected = searched(pruner, count_for(0.5, pruner.numel), size, 1e-2)
    pruner.after_step()
    np.testing.assert_allclose(numpy_of(pruner.prunable), expected, rtol=1e-3, atol=1e-5)


def test_a_second_change_equals_the_search_among_what_is_left() -> None:
    pruner = one_shot("cap", 0.7, block_size=8, damping=1e-2)
    half_pruned(pruner)
    expected = searched(pruner, count_for(0.7, pruner.numel), 8, 1e-2)
    pruner.after_step()
    np.testing.assert_allclose(numpy_of(pruner.prunable), expected, rtol=1e-3, atol=1e-5)


def test_the_weights_are_those_of_the_masks_and_not_one_fewer() -> None:
    """The authors' program zeroes one weight more in every tensor than its mask: 31 where 30 were asked for."""
    assert golden("second_order")["cap"]["zeros"] == 31
    pruner = one_shot("cap", block_size=12, damping=1e-2)
    pruner.after_step()
    assert torch.equal(flat(pruner.prunable) != 0, flat(pruner.masks))
    assert int(flat(pruner.masks).sum()) == count_for(0.5, pruner.numel)


def test_weights_that_cost_nothing_leave_in_the_blocks_own_order() -> None:
    """Exact zeros tie at no loss at all; whichever are chosen, masks and weights agree and the count is exact."""
    pruner = one_shot("cap", 0.3, block_size=10, damping=1e-2)
    with torch.no_grad():
        for weight in pruner.prunable.values():
            weight.view(-1)[::2] = 0.0
    pruner.after_step()
    assert int(flat(pruner.masks).sum()) == count_for(0.3, pruner.numel)
    assert not flat(pruner.prunable)[~flat(pruner.masks)].any()


def test_correlations_count() -> None:
    """Where two weights do one weight's work, either may leave and not both: single saliencies cannot tell."""
    losses = {}
    for name in ("cap", "block-fisher"):
        pruner = one_shot(name, 0.6, block_size=20, damping=1e-4)
        before, blocks = numpy_of(pruner.prunable), true_blocks(pruner, 20, 1e-4)
        pruner.after_step()
        change = numpy_of(pruner.prunable) - before
        losses[name] = sum(change[place] @ fisher @ change[place] / 2 for place, fisher in blocks)
    assert losses["cap"] < losses["block-fisher"]
