"""LeNets have the sizes that the papers state, and learn the digits."""

import pytest
import torch

from zoo.architectures import ARCHITECTURES
from zoo.data import load_data, preprocess
from zoo.models import build
from zoo.prunable import prunable_parameters


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("lenet-300-100", 266_200, 410),  # SNIP's "267k", Frankle and Carbin's "266K"
        ("lenet-300-100-digits", 64 * 300 + 300 * 100 + 100 * 10, 410),
        ("lenet-5", 61_470, 236),  # 61,706 together, LeCun et al.'s "60K" with full connections
        ("lenet-5-caffe", 430_500, 580),  # SNIP's "431k"
    ],
)
def test_sizes_are_those_of_the_papers(name: str, weights: int, biases: int) -> None:
    model = build(name, 10)
    assert sum(weight.numel() for weight in prunable_parameters(model).values()) == weights
    assert sum(parameter.numel() for parameter in model.parameters()) == weights + biases
    assert all(bool((parameter == 0).all()) for key, parameter in model.named_parameters() if key.endswith("bias"))


@pytest.mark.parametrize("name", ["lenet-300-100", "lenet-300-100-digits", "lenet-5", "lenet-5-caffe"])
def test_the_bundled_digits_go_in_whatever_the_size_of_the_input(name: str) -> None:
    entry = ARCHITECTURES[name]
    x = preprocess(load_data("digits:0-9").splits["test"].select(range(3)).images, entry.preprocessing)
    assert build(name, 10, seed=0)(x).shape == (3, 10)


def test_weights_start_with_the_variance_that_he_gives() -> None:
    model = build("lenet-300-100", 10, seed=0)
    assert float(model.get_parameter("fc1.weight").detach().std()) == pytest.approx((2 / 784) ** 0.5, rel=0.02)


def test_caffes_convolutions_are_linear_up_to_pooling() -> None:
    """Caffe has a ReLU after the first linear layer only."""
    model = build("lenet-5-caffe", 10, seed=0)
    x = torch.randn(1, 1, 28, 28)
    hidden: list[torch.Tensor] = []
    model.get_submodule("fc1").register_forward_pre_hook(lambda _module, inputs: hidden.append(inputs[0]))
    model(x)
    assert bool((hidden[0] < 0).any())  # a ReLU after a convolution would leave none
