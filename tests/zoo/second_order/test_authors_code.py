"""Inverses, scores, updates and orders against what the authors' programs gave: tests/golden/second_order.json."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from wave_networks import golden, wave

from zoo.second_order import BlockFisherInverse, BlockLayout, block_fisher_inverse, joint_update, summed_update
from zoo.second_order.greedy import first_of

GRADIENTS = wave((24, 60), 0.7, 0.2) * 0.3
WEIGHTS = wave((6, 10), 1.1, 0.5)
THEIRS = golden("second_order")


def measured(size: int = 12) -> BlockFisherInverse:
    layout = BlockLayout((("w", (6, 10)),), size)
    return block_fisher_inverse(lambda skip: [{"w": GRADIENTS.reshape(24, 6, 10)[skip:]}], layout, 1e-2)


def rows() -> Tensor:
    return WEIGHTS.reshape(5, 12)


def test_woodfishers_inverse() -> None:
    found = measured().inverse[0].flatten().numpy()
    np.testing.assert_allclose(found, THEIRS["woodfisher_inverse"], rtol=1e-3, atol=2e-3)


def test_oberts_diagonal_where_the_blocks_do_not_divide_the_tensor() -> None:
    fisher = measured(7)
    diagonal = fisher.inverse.diagonal(dim1=1, dim2=2)
    found = fisher.layout.scatter(diagonal)["w"].flatten().numpy()
    np.testing.assert_allclose(found, THEIRS["obert_diagonal_blocks_of_7"], rtol=1e-3)


def test_oberts_scores_and_its_update() -> None:
    fisher = measured()
    scores = fisher.saliency(rows())
    np.testing.assert_allclose(scores.flatten().numpy(), THEIRS["obert"]["scores"], rtol=1e-3)
    leaving = ~_highest(scores, 25)
    moved = fisher.updated(rows(), leaving, summed_update)
    np.testing.assert_allclose(moved.flatten().numpy(), THEIRS["obert"]["weights"], rtol=1e-3, atol=1e-4)


def test_caps_losses_and_the_weights_it_stored_on_the_way() -> None:
    fisher = measured()
    removal = fisher.removal(rows(), torch.ones(5, 12, dtype=torch.bool))
    np.testing.assert_allclose(removal.losses.flatten().numpy(), THEIRS["cap"]["losses"], rtol=2e-3)
    leaving = ~_highest(removal.losses, THEIRS["cap_traces"]["keep"])
    assert torch.equal(leaving, first_of(removal.order, leaving.sum(-1)))
    moved = fisher.updated(rows(), leaving, joint_update)
    np.testing.assert_allclose(moved.flatten().numpy(), THEIRS["cap_traces"]["weights"], rtol=2e-3, atol=2e-4)


def test_caps_program_removes_one_weight_too_many_from_a_tensor_and_knows_no_n_m() -> None:
    """What ours must not do; that it does not is in tests/zoo/methods/test_cap.py."""
    assert THEIRS["cap"]["zeros_asked"] == math.ceil(0.5 * 60)
    assert THEIRS["cap"]["zeros"] == THEIRS["cap"]["zeros_asked"] + 1
    assert "unexpected keyword argument 'n'" in THEIRS["cap_nm_branch"]
    assert "no attribute 'm'" in THEIRS["cap_nm_handle"]


def _highest(scores: Tensor, count: int) -> Tensor:
    kept = torch.zeros(scores.numel(), dtype=torch.bool)
    kept[scores.flatten().topk(count).indices] = True
    return kept.reshape(scores.shape)


@pytest.mark.parametrize("name", ["woodfisher_joint", "woodfisher_independent"])
def test_woodfishers_threshold_removes_more_than_it_is_asked_for(name: str) -> None:
    """One weight too many for each threshold; tests/zoo/methods/test_woodfisher.py shows that ours keeps the count."""
    assert THEIRS[name]["kept"] < 30
