"""Refitted weights against numpy's least squares, by both ways."""

import numpy as np
import pytest
import torch
from layerwise_problems import curved, least_squares, problem

from zoo.errors import LostDigitsError
from zoo.layerwise import refit


@pytest.mark.parametrize("density", [0.0, 0.2, 0.8, 1.0])
@pytest.mark.parametrize("with_inverse", [False, True])
def test_the_refit_is_the_least_squares_solution(density: float, with_inverse: bool) -> None:
    weights, inputs, hessian = problem()
    kept = torch.rand(weights.shape, generator=torch.Generator().manual_seed(3)) < density
    curvature = curved(hessian)
    fitted = refit(weights, kept, curvature, curvature.inverse() if with_inverse else None)
    for row in range(4):
        expected = least_squares(inputs, weights[0, row].double().numpy(), kept[0, row].numpy())
        np.testing.assert_allclose(fitted[0, row].numpy(), expected, rtol=1e-9, atol=1e-9)
    assert not bool(torch.signbit(fitted[~kept]).any())


def test_weights_of_dead_inputs_that_are_kept_stay() -> None:
    weights, inputs, _ = problem()
    inputs[:, 5] = 0
    kept = torch.ones(weights.shape, dtype=torch.bool)
    kept[0, :, 2] = False
    curvature = curved(2 / len(inputs) * inputs.T @ inputs)
    for inverse in (None, curvature.inverse()):
        fitted = refit(weights, kept, curvature, inverse)
        torch.testing.assert_close(fitted[0, :, 5], weights[0, :, 5].double())
        live = np.delete(np.arange(12), 5)
        alive = kept[0, 0].numpy()[live]
        expected = least_squares(inputs[:, live], weights[0, 0].double().numpy()[live], alive)
        np.testing.assert_allclose(fitted[0, 0].numpy()[live], expected, rtol=1e-9, atol=1e-9)


def test_fewer_samples_than_inputs_want_damping() -> None:
    _, _, hessian = problem(samples=7)
    with pytest.raises(LostDigitsError, match="inputs of weight depend on each other"):
        curved(hessian).inverse()
    inverse = curved(hessian, 0.01).inverse()[0].numpy()
    damped = hessian + 0.01 * np.diag(hessian).mean() * np.eye(12)
    np.testing.assert_allclose(inverse, np.linalg.inv(damped), rtol=1e-8)


def test_the_unit_of_the_inputs_does_not_change_the_damping() -> None:
    """The public code puts 1 for dead inputs before it takes the mean: its damping depends on the unit."""
    _, inputs, _ = problem()
    inputs[:, 5] = 0
    one, other = (curved(2 * (scale * inputs).T @ (scale * inputs), 0.01) for scale in (1.0, 1000.0))
    live = ~one.dead[0]
    torch.testing.assert_close(
        one.matrix[0][live][:, live] * 1e6, other.matrix[0][live][:, live], rtol=1e-12, atol=1e-6
    )
