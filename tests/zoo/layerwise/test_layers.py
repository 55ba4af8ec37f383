"""A layer as matrices: the product with the columns of its inputs is its output, whatever its geometry."""

from collections.abc import Callable

import pytest
import torch
from layerwise_problems import layer_of
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.errors import LayerInputError
from zoo.layerwise import layers_of
from zoo.models import build
from zoo.prunable import prunable_parameters

Make = Callable[[], nn.Module]
CASES: dict[str, tuple[Make, tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 3), (4, 5)),
    "linear on tokens": (lambda: nn.Linear(5, 3), (4, 7, 5)),
    "plain": (lambda: nn.Conv2d(3, 4, 3), (2, 3, 8, 7)),
    "stride": (lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1), (2, 3, 8, 7)),
    "dilation": (lambda: nn.Conv2d(3, 4, 3, dilation=2, padding=2), (2, 3, 8, 7)),
    "unequal sides": (lambda: nn.Conv2d(3, 4, (1, 5), stride=(2, 1), padding=(0, 2), dilation=(1, 2)), (2, 3, 8, 12)),
    "groups": (lambda: nn.Conv2d(4, 6, 3, groups=2, padding=1), (2, 4, 5, 5)),
    "depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4), (2, 4, 5, 5)),
    "same": (lambda: nn.Conv2d(3, 4, (2, 4), padding="same"), (2, 3, 6, 6)),
    "valid": (lambda: nn.Conv2d(3, 4, 3, padding="valid"), (2, 3, 6, 6)),
    "reflect": (lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), (2, 3, 6, 6)),
    "circular": (lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), (2, 3, 6, 6)),
    "pointwise": (lambda: nn.Conv2d(3, 4, 1, stride=2), (2, 3, 7, 7)),
    "one dimension": (lambda: nn.Conv1d(4, 6, 3, stride=2, groups=2), (2, 4, 9)),
    "three dimensions": (lambda: nn.Conv3d(2, 3, (1, 2, 3), padding=1), (2, 2, 3, 4, 5)),
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("case", CASES)
def test_weights_times_columns_are_the_output(case: str) -> None:
    make, shape = CASES[case]
    module = make().double()
    layer = layer_of(module)
    given = torch.randn(shape, dtype=torch.float64)
    weight = next(module.parameters())
    product = layer.matrix(weight) @ layer.inputs(module, given)
    output = module(given) - module(torch.zeros_like(given))  # without the bias
    axis = -1 if isinstance(module, nn.Linear) else 1
    expected = output.detach().movedim(axis, 0).reshape(weight.shape[0], -1)
    torch.testing.assert_close(product.reshape(expected.shape), expected)


def test_matrices_and_tensors_are_inverse() -> None:
    module = nn.Conv2d(4, 6, 3, groups=2)
    layer = layer_of(module)
    assert (layer.groups, layer.rows, layer.columns) == (2, 3, 18)
    assert torch.equal(layer.tensor(layer.matrix(module.weight)), module.weight)


@pytest.mark.parametrize(
    "name",
    ["resnet8-digits", "lenet-5", "vgg11-bn-digits", pytest.param("vit_tiny_patch16_224", marks=pytest.mark.slow)],
)
def test_every_prunable_weight_of_an_architecture_has_its_layer(name: str) -> None:
    model = build(name, 10, 0)
    prunable = prunable_parameters(model)
    layers = layers_of(model, prunable)
    assert {key: tuple(weight.shape) for key, weight in prunable.items()} == {
        key: layer.shape for key, layer in layers.items()
    }
    assert ARCHITECTURES[name].preprocessing.input_size[0] in (1, 3)


def test_tied_weights_are_one_layer_of_two_modules() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    layers = layers_of(model, prunable_parameters(model))
    assert [layer.modules for layer in layers.values()] == [(model[0], model[1])]


class Standardised(nn.Conv2d):
    """Its weight is not what it multiplies by."""


@pytest.mark.parametrize("module", [nn.ConvTranspose2d(3, 4, 2), Standardised(3, 4, 2)])
def test_layers_that_do_something_else_are_an_error_that_names_them(module: nn.Module) -> None:
    with pytest.raises(LayerInputError, match=r"0\.weight belongs to a (ConvTranspose2d|Standardised)"):
        layers_of(nn.Sequential(module), prunable_parameters(nn.Sequential(module)))
