"""Bayes by Backprop against the posterior of linear regression, finite differences, Adam, and the authors' pruning."""

from typing import Any

import numpy as np
import pytest
import torch
from pruning_runs import STEPS, batch, start
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.optim import Adam

from zoo.core.errors import UsageError
from zoo.errors import NonFiniteGradientError
from zoo.masks import count_for
from zoo.methods.bayes_by_backprop import BayesByBackprop, BayesByBackpropConfig
from zoo.posterior import signal_to_noise
from zoo.posterior.deviations import of_rho
from zoo.posterior.signal_to_noise import decibels
from zoo.pruner import Pruner

IMAGES, SCALE = 50, 0.7


def regression() -> tuple[Tensor, Tensor]:
    """Correlated inputs, so that mean-field and exact posterior differ in their variances."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(IMAGES, 4, generator=generator, dtype=torch.float64)
    x[:, 1] = 0.6 * x[:, 0] + 0.8 * x[:, 1]
    y = x @ torch.tensor([1.0, -0.5, 0.2, 0.0], dtype=torch.float64) + torch.randn(IMAGES, generator=generator).double()
    return x, y


@pytest.mark.parametrize(
    ("reparameterisation", "parametrisation"),
    [
        ("weights", "log"),
        ("local", "softplus"),
        pytest.param("weights", "softplus", marks=pytest.mark.slow),
        pytest.param("local", "log", marks=pytest.mark.slow),
    ],
)
def test_on_linear_regression_it_finds_the_mean_field_posterior(reparameterisation: str, parametrisation: str) -> None:
    """For a Gaussian p the best product of Gaussians has p's mean and the inverse of the diagonal of its precision."""
    x, y = regression()
    precision = x.T @ x + torch.eye(4, dtype=torch.float64) / SCALE**2
    mean, deviation = torch.linalg.solve(precision, x.T @ y), precision.diagonal().rsqrt()
    net = nn.Linear(4, 1, bias=False).double()
    config = BayesByBackpropConfig(
        temperature=1.0,
        prior_scale=SCALE,
        samples=IMAGES,
        reparameterisation=reparameterisation,
        parametrisation=parametrisation,
        deviation_rate=1.0,
    )
    pruner = Pruner(net, BayesByBackprop(config), target=0.0, total_steps=10**6, seed=0)
    optimizer = pruner.begin(lambda: Adam(net.parameters(), lr=0.02, betas=(0.9, 0.99)))
    torch.manual_seed(0)
    seen: list[tuple[Tensor, Tensor]] = []
    for step in range(700):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 if step < 250 else 0.004
        optimizer.zero_grad()
        pruner.before_forward()
        torch.autograd.backward(0.5 * (net(x).squeeze(1) - y).square().mean())
        pruner.after_backward()
        optimizer.step()
        pruner.after_step()
        if step >= 350:
            seen.append((net.weight.detach()[0].clone(), pruner.method.posterior(pruner).deviations["weight"][0]))  # type: ignore[union-attr]
    means, deviations = (torch.stack(values).mean(0) for values in zip(*seen, strict=True))
    assert ((means - mean).abs() / deviation).max() < 0.15
    torch.testing.assert_close(deviations, deviation, rtol=0.08, atol=0.0)
    exact = torch.linalg.inv(precision).diagonal().sqrt()
    assert (deviation / exact).min() < 0.9  # the test could tell them apart


@pytest.mark.parametrize("prior", ["gaussian", "laplace", "mixture"])
@pytest.mark.parametrize("parametrisation", ["log", "softplus"])
def test_gradients_are_those_of_the_objective_at_the_draw(prior: str, parametrisation: str) -> None:
    """NLL(μ + σ ε) + T KL / N for fixed ε, differentiated by autograd on the whole expression."""
    from torch.nn.functional import cross_entropy

    from zoo.posterior import divergences

    config = BayesByBackpropConfig(prior=prior, parametrisation=parametrisation, temperature=3.0, samples=20)
    run = start(BayesByBackprop(config), 0.5)
    pruner, (x, y) = run.pruner, batch(0)
    pruner.set_masks({name: torch.rand(w.shape) < 0.7 for name, w in pruner.prunable.items()})
    means = {name: weight.detach().clone() for name, weight in pruner.prunable.items()}
    run.model.eval()  # batch statistics are the same anyway
    pruner.before_forward()
    noise = {name: pruner.memory[f"noise.{name}"].clone() for name in means}
    torch.autograd.backward(cross_entropy(run.model(x), y))
    pruner.after_backward()
    leaves = {
        name: (means[name].clone().requires_grad_(), pruner.memory[f"rho.{name}"].detach().clone().requires_grad_())
        for name in means
    }
    drawn, total = {}, torch.zeros(())
    for name, (mean, rho) in leaves.items():
        deviation = of_rho(rho, parametrisation)
        drawn[name] = mean + deviation * noise[name]
        each = {
            "gaussian": divergences.from_gaussian(mean, deviation, 0.1),
            "laplace": divergences.from_laplace(mean, deviation, 0.1),
            "mixture": divergences.from_mixture(mean, deviation, noise[name], (1.0, 0.0025), 0.5),
        }[prior]
        total = total + (each * pruner.masks[name]).sum()
    logits = torch.func.functional_call(run.model, drawn, (x,))
    torch.autograd.backward(cross_entropy(logits, y) + 3.0 * total / 20)
    for name, (mean, rho) in leaves.items():
        kept = pruner.masks[name]
        torch.testing.assert_close(pruner.prunable[name].grad[kept], mean.grad[kept], rtol=1e-4, atol=1e-6)  # type: ignore[index]
        torch.testing.assert_close(pruner.memory[f"rho.{name}"].grad, rho.grad, rtol=1e-4, atol=1e-6)
        assert torch.equal(pruner.prunable[name].detach(), means[name])


def test_the_forward_pass_sees_zeros_where_weights_are_pruned_and_draws_elsewhere() -> None:
    pruner = start(BayesByBackprop(), 0.5).pruner
    pruner.set_masks({name: torch.rand(w.shape) < 0.5 for name, w in pruner.prunable.items()})
    before = {name: weight.detach().clone() for name, weight in pruner.prunable.items()}
    pruner.before_forward()
    for name, weight in pruner.prunable.items():
        assert torch.equal(weight.detach() != before[name], pruner.masks[name])


def test_it_removes_exactly_the_lowest_ratios_where_the_authors_code_keeps_the_noise_of_one() -> None:
    """pruning.py of devinamhn/RadioGalaxies-BBB @2390c9a^ zeroes means where SNR <= threshold and deviations where
    SNR < threshold: one weight more than asked for, with its mean at 0 and its noise as it was."""
    mean = torch.randn(100, generator=torch.Generator().manual_seed(0))
    db = decibels(signal_to_noise(mean, torch.full_like(mean, 0.1))).numpy()
    threshold = np.sort(db)[int(100 * 0.3)]
    assert (int((db <= threshold).sum()), int((db < threshold).sum())) == (31, 30)
    run = start(BayesByBackprop(), 0.3).advance(STEPS).finish()
    assert sum(int(mask.sum()) for mask in run.pruner.masks.values()) == count_for(0.3, 270)
    run.pruner.before_forward()
    for name, mask in run.pruner.masks.items():
        assert bool((run.pruner.prunable[name][~mask] == 0).all())


def test_decibels_are_ten_times_the_logarithm_and_rank_alike() -> None:
    ratio = torch.tensor([0.01, 1.0, 2.0, 10.0])
    assert decibels(ratio).tolist() == pytest.approx([-20.0, 0.0, 3.0103, 10.0], abs=1e-4)
    assert torch.equal(decibels(ratio).argsort(), ratio.argsort())


def test_the_first_part_goes_by_magnitude_and_the_rest_by_fisher() -> None:
    """numpy on one flat vector: (1 - r) f of the smallest |μ|, then r f of the smallest Fisher of the others."""
    config = BayesByBackpropConfig(ranking="magnitude-fisher", fisher_share=0.4, begin=0.0, end=0.0)
    run = start(BayesByBackprop(config), 0.5)
    generator = torch.Generator().manual_seed(3)
    for name, weight in run.pruner.prunable.items():
        run.pruner.memory[f"fisher.{name}"] = torch.rand(weight.shape, generator=generator)
    mean = np.concatenate([weight.detach().flatten().numpy() for weight in run.pruner.prunable.values()])
    fisher = np.concatenate([run.pruner.memory[f"fisher.{name}"].flatten().numpy() for name in run.pruner.prunable])
    first = np.argsort(np.abs(mean))[: round(270 * 0.5 * 0.6)]
    left = np.setdiff1d(np.arange(270), first)
    second = left[np.argsort(fisher[left])][: 135 - len(first)]
    run.pruner.after_step()
    gone = np.flatnonzero(~np.concatenate([mask.flatten().numpy() for mask in run.pruner.masks.values()]))
    assert np.array_equal(gone, np.union1d(first, second))


def test_its_fisher_is_the_second_moment_of_adam_and_ranks_like_the_fisher() -> None:
    config = BayesByBackpropConfig(ranking="magnitude-fisher", begin=1.0, end=1.0, deviation_rate=1.0)
    run = start(BayesByBackprop(config), 0.5, make_optimizer=lambda model: Adam(model.parameters(), lr=1e-5))
    run.advance(20)
    for name, weight in run.pruner.prunable.items():
        adam = run.optimizer.state[weight]["exp_avg_sq"]
        torch.testing.assert_close(run.pruner.memory[f"fisher.{name}"], adam, rtol=1e-4, atol=1e-12)
    squares = torch.zeros(6, 4, 3, 3)
    for step in range(20):
        x, y = batch(step)
        run.model.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(run.model(x), y))
        squares += run.pruner.prunable["conv2.weight"].grad.square()  # type: ignore[union-attr]
    found = run.pruner.memory["fisher.conv2.weight"]
    assert spearmanr(found.flatten(), squares.flatten()).statistic > 0.8


def test_weight_decay_spares_the_means_and_an_unreached_weight_goes_to_the_prior() -> None:
    """A weight without gradient of data is moved by the divergence alone, towards N(0, s²), and leaves first."""
    net = nn.Linear(3, 2).double()
    config = BayesByBackpropConfig(temperature=1.0, samples=1, deviation_rate=1.0, prior_scale=0.5, end=1.0)
    pruner = Pruner(net, BayesByBackprop(config), target=0.34, total_steps=401, seed=0)
    optimizer = pruner.begin(lambda: torch.optim.SGD(net.parameters(), lr=0.02, weight_decay=100.0))
    spared = [
        group["weight_decay"] for group in optimizer.param_groups if any(p is net.weight for p in group["params"])
    ]
    assert spared == [0.0]
    x = torch.tensor([[0.0, 1.0, -1.0]], dtype=torch.float64).expand(4, 3)  # the first input is dead
    for _ in range(400):
        optimizer.zero_grad()
        pruner.before_forward()
        torch.autograd.backward(5.0 * (net.weight @ x.T - 1.0).square().mean())
        pruner.after_backward()
        optimizer.step()
        pruner.step += 1
        for name in ("noise.weight", "mean.weight"):
            pruner.memory.pop(name, None)
    deviation = pruner.method.posterior(pruner).deviations["weight"]  # type: ignore[union-attr]
    assert net.weight.detach()[:, 0].abs().max() < 1e-3
    torch.testing.assert_close(deviation[:, 0], torch.full((2,), 0.5, dtype=torch.float64), rtol=1e-3, atol=0.0)
    pruner.after_step()
    assert pruner.masks["weight"].tolist() == [[False, True, True]] * 2


def test_weights_that_are_not_numbers_stop_the_run_with_a_hint() -> None:
    run = start(BayesByBackprop(), 0.5)
    with torch.no_grad():
        run.pruner.prunable["fc.weight"][0, 0] = torch.nan
    with pytest.raises(NonFiniteGradientError, match=r"fc\.weight.*\n.*lower the learning rate"):
        run.pruner.after_step()


@pytest.mark.parametrize(
    "wrong",
    [
        {"prior": "horseshoe"},
        {"parametrisation": "exp"},
        {"reparameterisation": "flipout"},
        {"ranking": "random"},
        {"prior_scale": 0.0},
        {"temperature": -1.0},
        {"mixture_share": 1.0},
        {"fisher_share": 1.5},
        {"samples": 0},
        {"allocation": "best"},
    ],
    ids=str,
)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        BayesByBackpropConfig(**wrong)
