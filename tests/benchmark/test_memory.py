"""The peak of a forward pass, against sums worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from benchmark.memory import peak_bytes

WEIGHTS = 4 * (100 * 1000 + 1000 + 1000 * 10 + 10)


def two_layers(activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(100, 1000), activation, nn.Linear(1000, 10))


@pytest.mark.parametrize("batch", [1, 7])
def test_weights_input_and_what_is_alive_at_the_worst_moment(batch: int) -> None:
    x = torch.zeros(batch, 100)
    # The hidden layer and its rectified copy are alive together; the outputs come when one of them is gone.
    assert peak_bytes(two_layers(nn.ReLU()), x) == WEIGHTS + 4 * batch * (100 + 2 * 1000)


def test_a_change_in_place_makes_nothing_new() -> None:
    x = torch.zeros(7, 100)
    assert peak_bytes(two_layers(nn.ReLU(inplace=True)), x) == WEIGHTS + 4 * 7 * (100 + 1000 + 10)


def test_views_are_not_counted_and_what_is_kept_is() -> None:
    class Keeping(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            kept = [(x + i).view(-1).reshape(10, 10) for i in range(5)]
            return kept[0]

    assert peak_bytes(Keeping(), torch.zeros(100)) == 4 * 100 * (1 + 5)


def test_a_tied_weight_is_counted_once() -> None:
    first, second = nn.Linear(50, 50, bias=False), nn.Linear(50, 50, bias=False)
    second.weight = first.weight
    assert peak_bytes(nn.Sequential(first, second), torch.zeros(1, 50)) == 4 * (50 * 50 + 50 + 2 * 50)


@pytest.mark.gpu
def test_a_gpus_peak_is_at_least_what_tensors_take() -> None:
    model = two_layers(nn.ReLU()).cuda()
    assert peak_bytes(model, torch.zeros(7, 100, device="cuda")) >= WEIGHTS + 4 * 7 * (100 + 2 * 1000)
