"""FLOPs against PyTorch's own counter, which watches the operators instead of the modules."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from zoo.flops import forward_flops, positions
from zoo.models import build
from zoo.prunable import prunable_parameters


@pytest.mark.parametrize(
    ("architecture", "size"),
    [("resnet8-digits", (1, 8, 8)), ("resnet18", (3, 64, 64)), ("mobilenetv1_100", (3, 64, 64))],
)
def test_dense_flops_equal_torchs_counter(architecture: str, size: tuple[int, int, int]) -> None:
    model = build(architecture, 10, seed=0)
    kept = {name: weight.numel() for name, weight in prunable_parameters(model).items()}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, *size))
    assert forward_flops(kept, positions(model, size)) == counter.get_total_flops()


def test_a_linear_layer_on_tokens_and_a_transposed_convolution() -> None:
    assert positions(nn.Sequential(nn.Flatten(2), nn.Linear(12, 7)), (5, 3, 4)) == {"1": 5}
    # Each input position is multiplied by every weight.
    assert positions(nn.Sequential(nn.ConvTranspose2d(1, 2, 2, stride=2)), (1, 3, 4)) == {"0": 12}


def test_counting_leaves_the_model_as_it_was() -> None:
    model = build("resnet8-digits", 5, seed=0).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    used = positions(model, (1, 8, 8))
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert used == {
        "conv1": 64,
        "layer1.conv1": 64,
        "layer1.conv2": 64,
        "layer2.conv1": 16,
        "layer2.conv2": 16,
        "layer2.downsample.0": 16,
        "layer3.conv1": 4,
        "layer3.conv2": 4,
        "layer3.downsample.0": 4,
        "fc": 1,
    }


def test_sparse_flops_count_kept_weights_only() -> None:
    assert forward_flops({"a.weight": 3, "b.weight": 5}, {"a": 10, "b": 1}) == 2 * (3 * 10 + 5)
