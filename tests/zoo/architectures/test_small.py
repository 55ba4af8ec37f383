"""Networks for small images have the sizes of their papers, and take the bundled digits."""

import pytest
import torch
from meta_networks import meta_network
from torch import nn
from torch.nn.functional import relu

from zoo.architectures import ARCHITECTURES
from zoo.data import load_data, preprocess
from zoo.models import build
from zoo.prunable import prunable_parameters

# Parameters for 10 classes.
SIZES = {
    "resnet20-cifar": 269_722,  # He et al., table 6: 0.27 M
    "resnet32-cifar": 464_154,  # 0.46 M
    "resnet56-cifar": 853_018,  # 0.85 M
    "wideresnet16-8-cifar": 10_961_370,  # Zagoruyko and Komodakis, table 4: 11.0 M
    "wideresnet22-8-cifar": 17_158_106,  # table 4: 17.2 M
    "wideresnet28-10-cifar": 36_479_194,  # table 4: 36.5 M
    "wideresnet22-2-cifar": 1_079_642,
    "vgg11-bn-cifar": 9_231_114,
    "vgg16-bn-cifar": 14_728_266,  # 14.7 M
    "vgg19-bn-cifar": 20_040_522,  # Frankle and Carbin: 20.0 M
    "robustnets-conv8": 5_275_840,
}
DIGITS = [name for name in ARCHITECTURES if name.endswith("-digits")]


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_those_of_the_papers(name: str) -> None:
    with torch.device("meta"):
        model = build(name, 10)
    assert sum(parameter.numel() for parameter in model.parameters()) == SIZES[name]


def test_mobilenetv1_is_timms_but_for_the_rectifier() -> None:
    """Same tensors in the same order under other names; timm's ReLU6 is what makes it another network."""
    ours, timms = (meta_network(name) for name in ("mobilenetv1", "mobilenetv1_100"))
    assert [tensor.shape for tensor in ours.state_dict().values()] == [
        tensor.shape for tensor in timms.state_dict().values()
    ]
    assert not [module for module in ours.modules() if isinstance(module, nn.ReLU6)]
    assert [module for module in timms.modules() if isinstance(module, nn.ReLU6)]


def test_every_small_network_has_a_twin_for_the_digits() -> None:
    cifar = {name.removesuffix("-cifar") for name in ARCHITECTURES if name.endswith("-cifar")}
    assert cifar < {name.removesuffix("-digits") for name in DIGITS}


@pytest.mark.parametrize("name", DIGITS)
def test_the_bundled_digits_go_in(name: str) -> None:
    entry = ARCHITECTURES[name]
    x = preprocess(load_data("digits:0-9").splits["test"].select(range(2)).images, entry.preprocessing)
    assert meta_network(name)(x.to("meta")).shape == (2, 7)


def test_a_thin_resnets_shortcut_pads_new_channels_with_zero_on_both_sides() -> None:
    model = build("resnet20-digits", 10, seed=0).eval()
    block = model.get_submodule("layer2.0")
    nn.init.zeros_(block.get_parameter("bn2.weight"))  # leaves the shortcut alone
    x = torch.randn(1, 16, 8, 8)
    expected = torch.zeros(1, 32, 4, 4)
    expected[:, 8:24] = relu(x[:, :, ::2, ::2])
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("name", ["resnet20-digits", "wideresnet22-2-digits", "vgg11-bn-digits", "robustnets-conv8"])
def test_every_prunable_weight_gets_a_gradient(name: str) -> None:
    model = build(name, 10, seed=0)
    model(torch.randn(2, *ARCHITECTURES[name].preprocessing.input_size)).square().sum().backward()
    assert all(bool(weight.grad.any()) for weight in prunable_parameters(model).values() if weight.grad is not None)
    assert all(weight.grad is not None for weight in prunable_parameters(model).values())
