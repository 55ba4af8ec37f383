"""SNFS: one exchange beside the authors' code, and weights that move between layers without being lost."""

import pytest
import torch
from layered_runs import exchange
from pruning_runs import start
from wave_networks import bits, every, golden, layered

from zoo.core.errors import UsageError
from zoo.methods.snfs import SNFSConfig, SparseMomentum, drop_fractions, momentum_shares

KEPT = {"snfs_even": (4, 4, 4), "snfs_full": (6, 6, 11)}


def masks_of(case: str) -> dict[str, torch.Tensor]:
    return {name: every(12, 0, last)[name] for name, last in zip(every(1, 0, 1), KEPT[case], strict=True)}


@pytest.mark.parametrize("case", KEPT)
def test_shares_and_fractions_equal_the_authors_code(case: str) -> None:
    found, masks = golden("regrowth")[case], masks_of(case)
    gradients = {name: weight.grad.abs() for name, weight in layered(0.2).named_parameters() if weight.grad is not None}
    shares = momentum_shares(gradients, masks)
    assert shares == pytest.approx(found["shares"], rel=1e-5)
    assert drop_fractions(shares, masks, 0.5) == pytest.approx(found["rates"])


@pytest.mark.parametrize("case", KEPT)
def test_an_exchange_equals_the_authors_code_to_their_rounding(case: str) -> None:
    """They fill layers to 99 % and round up; ours are exact, so that a layer may differ by one weight."""
    found = golden("regrowth")[case]
    target = 1.0 - sum(found["before"].values()) / 400
    method = SparseMomentum(SNFSConfig(interval=1, drop=0.5))
    pruner = exchange(method, masks_of(case), 0.2, target=target, done=1, total_steps=10**9)
    assert sum(int(mask.sum()) for mask in pruner.masks.values()) == sum(found["before"].values())
    for name, mask in pruner.masks.items():
        differing = sum(ours != theirs for ours, theirs in zip(bits(mask), found["masks"][name], strict=True))
        assert differing <= 1, name
    assert bool(pruner.masks["c.weight"].all()) is (case == "snfs_full"), "the overflow filled the layer"


def test_weights_move_between_layers_and_none_is_lost() -> None:
    run = start(SparseMomentum(SNFSConfig(interval=3)), 0.7).advance(24)
    totals = {sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks}
    assert totals == {81}
    first, last = ({name: int(mask.sum()) for name, mask in run.masks[place].items()} for place in (0, -1))
    assert first != last


def test_new_weights_have_no_momentum_in_the_optimizer_though_growth_looked_at_one() -> None:
    run = start(SparseMomentum(SNFSConfig(interval=3)), 0.7).advance(2)
    before = dict(run.pruner.masks)
    run.advance(1)
    new = {name: mask & ~before[name] for name, mask in run.pruner.masks.items()}
    assert sum(int(mask.sum()) for mask in new.values()) > 10
    for name, weight in run.pruner.prunable.items():
        assert not bool(torch.count_nonzero(run.optimizer.state[weight]["momentum_buffer"][new[name]]))
        assert bool(torch.count_nonzero(run.pruner.memory[f"momentum.{name}"][new[name]])), name


def test_the_smoothed_gradient_is_that_of_torchs_momentum() -> None:
    run = start(SparseMomentum(SNFSConfig(momentum=0.8)), 0.7)
    weight = run.pruner.prunable["conv2.weight"]
    shadow = torch.nn.Parameter(torch.zeros_like(weight))
    reference = torch.optim.SGD([shadow], lr=1.0, momentum=0.8)
    for _ in range(5):
        run.advance(1)
        assert weight.grad is not None
        shadow.grad = weight.grad.clone()
        reference.step()
    torch.testing.assert_close(run.pruner.memory["momentum.conv2.weight"], reference.state[shadow]["momentum_buffer"])


def test_a_layer_that_lost_everything_gets_no_share() -> None:
    masks = {"a": torch.zeros(3, dtype=torch.bool), "b": torch.ones(3, dtype=torch.bool)}
    assert momentum_shares({"a": torch.ones(3), "b": torch.ones(3)}, masks) == {"a": 0.0, "b": 1.0}


def test_layers_that_the_scope_leaves_dense_neither_give_nor_take() -> None:
    run = start(SparseMomentum(SNFSConfig(interval=3, scope="no-stem")), 0.7).advance(24)
    assert all(bool(masks["conv1.weight"].all()) for masks in run.masks)


def test_momentum_is_a_fraction() -> None:
    with pytest.raises(UsageError, match="momentum of at least 0 and below 1, got 1.0"):
        SNFSConfig(momentum=1.0)
