"""Running moments against numpy and the authors' code."""

import json
from pathlib import Path

import numpy as np
import torch

from zoo.posterior.moments import deviation, include

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "bayesian.json").read_text())["swag"]


def gathered(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean, squares = torch.zeros_like(values[0]), torch.zeros_like(values[0])
    for count, value in enumerate(values, 1):
        include(value, count, mean, squares)
    return mean, deviation(squares, len(values))


def test_moments_equal_the_authors_and_numpy() -> None:
    iterates = torch.tensor(GOLDEN["iterates"], dtype=torch.float64)
    mean, found = gathered(iterates)
    np.testing.assert_allclose(mean.numpy(), GOLDEN["mean"], rtol=1e-12)
    np.testing.assert_allclose(found.numpy() ** 2, GOLDEN["variance"], rtol=1e-9)
    np.testing.assert_allclose(found.numpy()[:-1], iterates.numpy().std(axis=0)[:-1], rtol=1e-12)
    assert found[-1] == 1e-15  # an iterate that stands still


def test_small_deviations_of_large_weights_keep_their_digits_where_the_authors_formula_loses_them() -> None:
    """swag.py keeps the mean of squares: in float32 its difference from the squared mean is rounding alone."""
    iterates = 1.0 + 1e-5 * torch.randn(20, 200, generator=torch.Generator().manual_seed(0))
    exact = iterates.double().std(dim=0, correction=0)
    _, ours = gathered(iterates)
    assert ((ours.double() - exact).abs() / exact).max() < 0.02
    mean, squares = torch.zeros(200), torch.zeros(200)
    for n, value in enumerate(iterates):
        mean, squares = mean * n / (n + 1.0) + value / (n + 1.0), squares * n / (n + 1.0) + value**2 / (n + 1.0)
    theirs = torch.clamp(squares - mean**2, 1e-30).sqrt()
    assert ((theirs.double() - exact).abs() / exact).max() > 0.9
