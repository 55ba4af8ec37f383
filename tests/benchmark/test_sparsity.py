"""A single lost zero is noticed."""

import pytest
import torch
from torch import nn

from benchmark.errors import SparsityLostError
from benchmark.sparsity import check_kept, fraction, zeros_of


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    with torch.no_grad():
        first, last = network[0].weight, network[2].weight
        assert isinstance(first, torch.Tensor)
        assert isinstance(last, torch.Tensor)
        first.view(-1)[:9] = 0.0
        last.view(-1)[0] = -0.0
    return network


def test_zeros_are_counted_over_prunable_weights_with_either_sign(network: nn.Sequential) -> None:
    assert fraction(zeros_of(network)) == 10 / (18 + 16)
    assert fraction(zeros_of(network, without="2")) == 9 / 18


def test_nothing_prunable_has_no_sparsity() -> None:
    assert fraction(zeros_of(nn.ReLU())) == 0.0


def test_one_lost_zero_names_its_tensor(network: nn.Sequential) -> None:
    before = zeros_of(network)
    with torch.no_grad():
        weight = network[0].weight
        assert isinstance(weight, torch.Tensor)
        weight.view(-1)[4] = 1e-30
    with pytest.raises(SparsityLostError, match=r"sparsity_lost: 1 pruned weights .* 0\.weight.*0\.2941 to 0\.2647"):
        check_kept(before, zeros_of(network))


def test_zeros_that_moved_are_lost_though_their_number_stays(network: nn.Sequential) -> None:
    before = zeros_of(network)
    with torch.no_grad():
        weight = network[0].weight
        assert isinstance(weight, torch.Tensor)
        weight.copy_(weight.flip(0))
    with pytest.raises(SparsityLostError, match="sparsity_lost: 9 "):
        check_kept(before, zeros_of(network))


def test_new_zeros_are_allowed(network: nn.Sequential) -> None:
    before = zeros_of(network)
    with torch.no_grad():
        network[2].weight.zero_()  # type: ignore[operator]
    check_kept(before, zeros_of(network))
