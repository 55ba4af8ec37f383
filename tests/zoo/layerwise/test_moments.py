"""Sums of x xᵀ: against numpy and the authors' code, in any batches, interrupted, on strange inputs."""

import numpy as np
import pytest
import torch
from layerwise_problems import golden_problem, layer_of, moments_of
from torch import nn
from wave_networks import golden, wave

from zoo.errors import NonFiniteInputError
from zoo.layerwise import InputMoments, Layer
from zoo.layerwise import moments as moments_module


def test_a_convolution_s_moments_equal_the_public_code() -> None:
    conv = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
    moments, images = InputMoments(layer_of(conv)), wave((10, 3, 9, 9), 1.7, 0.2)
    moments.add(conv, images[:4], 4)
    moments.add(conv, images[4:], 6)
    expected = torch.tensor(golden("layerwise")["conv"]["hessian"], dtype=torch.float64)
    torch.testing.assert_close(moments.hessian()[0], expected, rtol=1e-5, atol=1e-6)
    assert (moments.samples, moments.positions) == (10, 250)


def test_moments_are_those_of_numpy_and_the_norms_their_roots() -> None:
    _, inputs = golden_problem()
    moments = moments_of(nn.Linear(24, 6), inputs)
    x = inputs.double().numpy()
    np.testing.assert_allclose(moments.hessian()[0].numpy(), 2 * x.T @ x / 80, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moments.norms()[0].numpy(), np.sqrt((x**2).sum(0) / 80), rtol=1e-5)
    diagonal = InputMoments(layer_of(nn.Linear(24, 6)), diagonal=True)
    diagonal.add(nn.Linear(24, 6), inputs, 80)
    torch.testing.assert_close(diagonal.norms(), moments.norms(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sum_that_was_saved_and_loaded_goes_on_bit_equal(dtype: torch.dtype) -> None:
    conv = nn.Conv2d(4, 4, 3, groups=2)
    images = torch.randn(9, 4, 6, 6)
    straight = InputMoments(layer_of(conv), dtype=dtype)
    for part in torch.split(images, 3):
        straight.add(conv, part, 3)
    first, second = InputMoments(layer_of(conv), dtype=dtype), InputMoments(layer_of(conv), dtype=dtype)
    first.add(conv, images[:3], 3)
    second.load(first.state())
    for part in torch.split(images[3:], 3):
        second.add(conv, part, 3)
    assert torch.equal(second.total, straight.total)
    assert (second.samples, second.positions) == (straight.samples, straight.positions) == (9, 144)


def test_double_precision_keeps_what_single_loses() -> None:
    """A million ones on top of 2²⁴: single precision stops counting there."""
    module = nn.Linear(1, 1)
    for dtype, expected in ((torch.float64, 2.0**24 + 64), (torch.float32, 2.0**24)):
        moments = InputMoments(layer_of(module), dtype=dtype)
        moments.total.fill_(2.0**24)
        for _ in range(64):
            moments.add(module, torch.ones(1, 1), 1)
        assert float(moments.total) == expected


def test_images_are_unfolded_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, images = nn.Conv2d(3, 4, 3, padding=1), torch.randn(8, 3, 10, 10)
    whole = moments_of(conv, images)
    sizes = []
    unfolded = Layer.inputs

    def watched(self: Layer, module: nn.Module, given: torch.Tensor) -> torch.Tensor:
        sizes.append(len(given))
        return unfolded(self, module, given)

    monkeypatch.setattr(moments_module, "PIECE_ELEMENTS", 3 * 100 * 9 * 2)
    monkeypatch.setattr(Layer, "inputs", watched)
    pieces = moments_of(conv, images)
    assert sizes == [2, 2, 2, 2]
    assert pieces.positions == whole.positions
    torch.testing.assert_close(pieces.hessian(), whole.hessian(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_inputs_that_are_no_numbers_are_an_error_that_names_the_layer(value: float) -> None:
    inputs = torch.ones(3, 2)
    inputs[1, 0] = value
    moments = moments_of(nn.Linear(2, 2), inputs)
    with pytest.raises(NonFiniteInputError, match="layer of weight was given NaN or infinity"):
        moments.hessian()
    with pytest.raises(NonFiniteInputError, match="layer of weight"):
        moments.norms()
