"""The signal-to-noise ranking: its limits, and what it is equal to."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from zoo.masks import keep_top
from zoo.posterior import posterior_deviation, signal_to_noise
from zoo.second_order import saliency


def drawn(seed: int, count: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and a Fisher diagonal over many decades, with dead weights, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(count, generator=generator, dtype=torch.float64)
    diagonal = 10 ** (8 * torch.rand(count, generator=generator, dtype=torch.float64) - 8)
    diagonal[torch.rand(count, generator=generator) < 0.1] = 0.0
    return weights, diagonal


@given(st.integers(0, 10**6), st.integers(0, 300), st.sampled_from([1.0, 0.01, 100.0]))
def test_the_mask_is_that_of_damped_optimal_brain_damage(seed: int, count: int, prior: float) -> None:
    """Ranking by |w|/σ, σ² = 1/(N·F + δ), is ranking by ½w²(F + λ) with λ = δ/N: blocks of one weight."""
    weights, diagonal = drawn(seed)
    ratio = signal_to_noise(weights, posterior_deviation(diagonal, 450, prior))
    damage = saliency(weights[:, None], (1 / (diagonal + prior / 450))[:, None, None])[:, 0]
    assert torch.equal(keep_top(ratio, count), keep_top(damage, count))


@given(st.integers(0, 10**6), st.integers(0, 300))
def test_under_a_strong_prior_the_mask_is_that_of_magnitude(seed: int, count: int) -> None:
    weights, diagonal = drawn(seed)
    strong = signal_to_noise(weights, posterior_deviation(diagonal, 450, 1e20))
    assert torch.equal(keep_top(strong, count), keep_top(weights.abs(), count))


def test_under_a_weak_prior_it_is_not() -> None:
    weights, diagonal = drawn(0)
    weak = signal_to_noise(weights, posterior_deviation(diagonal, 450, 1e-6))
    assert not torch.equal(keep_top(weak, 30), keep_top(weights.abs(), 30))


@given(st.integers(0, 10**6), st.integers(-20, 20))
def test_rescaling_a_layer_changes_nothing(seed: int, power: int) -> None:
    """Weights and deviations scaled together, as a batch norm allows; by powers of two, so that bits stay."""
    weights, diagonal = drawn(seed)
    deviation = posterior_deviation(diagonal, 450, 1.0)
    scaled = signal_to_noise(weights * 2.0**power, deviation * 2.0**power)
    assert torch.equal(scaled, signal_to_noise(weights, deviation))
