"""Hard concrete gates against the authors' code, Monte Carlo and finite differences."""

import json
from pathlib import Path

import torch

from zoo.posterior.hard_concrete import expected_gate, gate, gate_slope, is_open, open_probability

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "bayesian.json").read_text())["hard_concrete"]
LOG_ALPHA, UNIFORM = torch.tensor(GOLDEN["log_alpha"]), torch.tensor(GOLDEN["u"])


def test_gates_and_probabilities_equal_the_authors() -> None:
    torch.testing.assert_close(gate(LOG_ALPHA, UNIFORM), torch.tensor(GOLDEN["gate"]))
    torch.testing.assert_close(open_probability(LOG_ALPHA), torch.tensor(GOLDEN["open"]))
    torch.testing.assert_close(expected_gate(LOG_ALPHA), torch.tensor(GOLDEN["expected_gate"]))
    assert is_open(LOG_ALPHA).tolist() == [value > 0 for value in GOLDEN["expected_gate"]]


def test_the_probability_of_an_open_gate_is_that_of_draws() -> None:
    generator = torch.Generator().manual_seed(0)
    for log_alpha in (-3.0, 0.0, 0.3, 2.0):
        uniform = torch.rand(400_000, generator=generator, dtype=torch.float64).clamp(1e-9, 1 - 1e-9)
        drawn = gate(torch.full_like(uniform, log_alpha), uniform)
        chance = float(open_probability(torch.tensor(log_alpha)))
        assert abs(float((drawn > 0).double().mean()) - chance) < 5 * (chance * (1 - chance) / 400_000) ** 0.5


def test_the_slope_is_that_of_autograd_and_of_differences() -> None:
    log_alpha = torch.linspace(-5, 5, 41, dtype=torch.float64)
    uniform = torch.rand(41, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    slope = gate_slope(log_alpha, uniform)
    difference = (gate(log_alpha + 1e-6, uniform) - gate(log_alpha - 1e-6, uniform)) / 2e-6
    torch.testing.assert_close(slope, difference, rtol=1e-5, atol=1e-7)
    assert bool((slope == 0).any())
    assert bool((slope > 0).any())
