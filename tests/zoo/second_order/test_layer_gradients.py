"""Gradients by layer against differentiation sample by sample, for every kind of layer that is claimed."""

import pytest
import torch
from torch import Tensor, nn

from zoo.architectures import ARCHITECTURES
from zoo.prunable import prunable_parameters
from zoo.second_order.gradients import gradient_stream
from zoo.second_order.layer_gradients import layer_gradients


class Tokens(nn.Module):
    """A linear layer on (n, tokens, channels), as in a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Linear(3, 8), nn.Linear(8, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.mix(x.flatten(2).mT).tanh().mean(1))
        return logits


def convolution(**settings: object) -> nn.Module:
    layer = nn.Conv2d(3, 6, **{"kernel_size": 3, **settings})  # type: ignore[arg-type]
    return nn.Sequential(layer, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 4))


class Standardised(nn.Conv2d):
    """A convolution that does not use its weight as it is."""

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self._conv_forward(x, self.weight - self.weight.mean(), self.bias)
        return output


class Twice(nn.Module):
    """One layer called two times."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.layer(self.layer(x).relu()).mean((2, 3)))
        return logits


def tied() -> nn.Module:
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    return nn.Sequential(nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(), nn.Linear(6, 4), first, nn.Tanh(), second)


def batch(net: nn.Module, group: int) -> tuple[dict[str, nn.Parameter], Tensor, Tensor]:
    torch.manual_seed(1)
    return prunable_parameters(net.eval()), torch.randn(4 * group, 3, 7, 6), torch.randint(4, (4 * group,))


CLAIMED = {
    "plain, then an in-place activation": convolution,
    "stride and padding": lambda: convolution(stride=2, padding=(1, 2)),
    "dilation": lambda: convolution(dilation=2),
    "groups": lambda: convolution(groups=3),
    "one by one, no bias": lambda: convolution(kernel_size=1, bias=False),
    "oblong kernel": lambda: convolution(kernel_size=(1, 3)),
    "tokens": Tokens,
}
OTHERS = {
    "padded by name": lambda: convolution(padding="same"),
    "circular padding": lambda: convolution(padding=1, padding_mode="circular"),
    "a subclass": lambda: nn.Sequential(Standardised(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "called twice": Twice,
    "tied weights": tied,
}


@pytest.mark.parametrize("group", [1, 3])
@pytest.mark.parametrize("kind", CLAIMED)
def test_claimed_layers_equal_plain_differentiation(kind: str, group: int) -> None:
    net = CLAIMED[kind]()
    weights, images, labels = batch(net, group)
    shape = (4, group)
    by_layer = layer_gradients(net, weights, images.reshape(*shape, 3, 7, 6), labels.reshape(shape))
    assert by_layer is not None
    for i, plain in enumerate(
        gradient_stream(net, weights, images, labels, samples_per_gradient=group, gradients_at_once=1, vectorised=False)
    ):
        for name, gradients in plain.items():
            torch.testing.assert_close(by_layer[name][i], gradients[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_layers_are_left_to_vmap_which_is_right_too(kind: str) -> None:
    net = OTHERS[kind]()
    weights, images, labels = batch(net, 1)
    assert layer_gradients(net, weights, images[:, None], labels[:, None]) is None
    (vectorised,) = gradient_stream(net, weights, images, labels)
    (looped,) = gradient_stream(net, weights, images, labels, vectorised=False)
    for name, gradients in vectorised.items():
        torch.testing.assert_close(gradients, looped[name], rtol=1e-4, atol=1e-6)


def test_nothing_is_left_behind_on_the_model() -> None:
    net = convolution()
    weights, images, labels = batch(net, 1)
    layer_gradients(net, weights, images[:, None], labels[:, None])
    assert all(not module._forward_hooks for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("name", ["resnet8-digits", "resnet18"])
def test_residual_networks_go_by_layer(name: str) -> None:
    entry = ARCHITECTURES[name]
    torch.manual_seed(0)
    net = entry.build(5).eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # timm starts the last one of each block at zero, where no gradient passes
    weights = prunable_parameters(net)
    size = entry.preprocessing.input_size if name == "resnet8-digits" else (3, 32, 32)
    images, labels = torch.randn(2, 1, *size), torch.tensor([[1], [3]])
    by_layer = layer_gradients(net, weights, images, labels)
    assert by_layer is not None
    (looped,) = gradient_stream(net, weights, images[:, 0], labels[:, 0], vectorised=False)
    for weight, gradients in by_layer.items():
        error = (gradients - looped[weight]).norm() / looped[weight].norm()
        assert error < 1e-4
