"""The diagonal posterior against an explicit loop and against laplace-torch."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from second_order_oracles import gradients_one_by_one, small_problem
from torch import nn

from zoo.core.errors import UsageError
from zoo.errors import NonFiniteGradientError
from zoo.posterior import fisher_diagonal, posterior_deviation
from zoo.second_order import gradient_stream

GOLDEN = Path(__file__).parents[2] / "golden" / "laplace_torch_diagonal.json"


@pytest.mark.parametrize("at_once", [1, 7, None])
def test_the_diagonal_is_the_mean_of_squared_per_sample_gradients(at_once: int | None) -> None:
    net, weights, images, labels = small_problem()
    expected = gradients_one_by_one(net, images, labels)
    diagonal = fisher_diagonal(gradient_stream(net, weights, images, labels, gradients_at_once=at_once))
    for name, values in diagonal.items():
        np.testing.assert_allclose(values.flatten().numpy(), (expected[name] ** 2).mean(0), rtol=1e-3, atol=1e-9)
        batch = expected[name].mean(0) ** 2  # the mistake to avoid: the square of the mean gradient
        assert values.sum() > 2 * batch.sum()


def test_agrees_with_laplace_torch() -> None:
    golden = json.loads(GOLDEN.read_text())
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3)).double()
    for name, parameter in net.named_parameters():
        parameter.data = torch.tensor(golden["parameters"][name], dtype=torch.float64).reshape(parameter.shape)
    images = torch.tensor(golden["images"], dtype=torch.float64).reshape(8, 1, 5, 5)
    stream = gradient_stream(net, dict(net.named_parameters()), images, torch.tensor(golden["labels"]))
    for name, diagonal in fisher_diagonal(stream).items():
        deviation = posterior_deviation(diagonal, 8, golden["prior_precision"])
        np.testing.assert_allclose(deviation.flatten().numpy() ** 2, golden["posterior_variance"][name], rtol=1e-10)


def test_a_weight_without_gradient_has_the_deviation_of_the_prior() -> None:
    assert posterior_deviation(torch.zeros(3), 1000, 4.0).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("size", "prior"), [(0, 1.0), (10, 0.0), (10, -1.0), (10, float("nan"))])
def test_an_improper_posterior_is_an_error(size: int, prior: float) -> None:
    with pytest.raises(UsageError, match="posterior"):
        posterior_deviation(torch.ones(2), size, prior)


def test_no_gradient_and_bad_gradients_are_errors() -> None:
    with pytest.raises(UsageError, match="at least one gradient"):
        fisher_diagonal([])
    stream = [{"good": torch.ones(2, 3), "bad": torch.tensor([[1.0], [torch.inf]])}]
    with pytest.raises(NonFiniteGradientError, match="of bad hold"):
        fisher_diagonal(stream)
