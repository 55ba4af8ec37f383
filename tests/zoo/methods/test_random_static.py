"""The baseline looks at no weight."""

import torch
from pruning_runs import STEPS, TinyNetwork, start

from zoo.allocation import erk


def test_counts_are_erk_and_positions_come_from_the_seed_alone() -> None:
    first, other_seed = start("random", 0.9, seed=0).pruner, start("random", 0.9, seed=1).pruner
    torch.manual_seed(77)
    other_weights = start("random", 0.9, seed=0, model=TinyNetwork()).pruner
    counts = erk(first.shapes, 0.9)
    for name in counts:
        assert int(first.masks[name].sum()) == int(other_seed.masks[name].sum()) == counts[name]
        assert torch.equal(first.masks[name], other_weights.masks[name])
    assert not torch.equal(first.masks["conv2.weight"], other_seed.masks["conv2.weight"])


def test_the_mask_never_changes() -> None:
    run = start("random", 0.9)
    drawn = {name: mask.clone() for name, mask in run.pruner.masks.items()}
    run.advance(STEPS)
    for masks in run.masks:
        for name, mask in masks.items():
            assert torch.equal(mask, drawn[name])
