"""Variational dropout: its gradients, its warm-up, its outcome without steering, and weights that no data reach."""

from typing import Any

import pytest
import torch
from pruning_runs import STEPS, batch, start
from torch import nn
from torch.nn.functional import cross_entropy

from zoo.core.errors import UsageError
from zoo.errors import TargetMissedError
from zoo.methods.variational_dropout import VariationalDropout, VariationalDropoutConfig
from zoo.posterior.divergences import from_log_uniform, log_alpha
from zoo.pruner import Pruner
from zoo.train.seeds import chance


@pytest.mark.parametrize(("step", "risen"), [(0, 0.0), (6, 0.5), (12, 1.0), (20, 1.0)])
def test_gradients_are_those_of_the_noisy_loss_and_the_risen_divergence(step: int, risen: float) -> None:
    config = VariationalDropoutConfig(initial_log_variance=-3.0, divergence=4.0, warm_up=0.5)
    run = start(VariationalDropout(config), 0.5)
    pruner, (x, y) = run.pruner, batch(0)
    pruner.step = step
    run.model.train()
    variances = {n: pruner.memory[f"log_variance.{n}"] for n in pruner.prunable}

    def noisy_loss() -> torch.Tensor:
        with chance(5, x.device):
            return cross_entropy(run.model(x), y)

    leaves = [*pruner.prunable.values(), *variances.values()]
    total = noisy_loss()
    for name, weight in pruner.prunable.items():
        total = total + risen * 4.0 / 70 * from_log_uniform(log_alpha(weight, variances[name])).sum()
    expected = torch.autograd.grad(total, leaves)
    pruner.before_forward()
    torch.autograd.backward(noisy_loss())
    pruner.after_backward()
    for leaf, gradient in zip(leaves, expected, strict=True):
        torch.testing.assert_close(leaf.grad, gradient, rtol=1e-4, atol=1e-7)
    assert bool(torch.stack([v.grad.abs().max() for v in variances.values() if v.grad is not None]).min() > 0)


def test_without_steering_the_threshold_decides_and_a_missed_target_says_what_to_ask_for() -> None:
    config = VariationalDropoutConfig(steer=False, threshold=3.0, initial_log_variance=-4.0, divergence=0.1)
    run = start(VariationalDropout(config), 0.98).advance(STEPS)
    for name, weight in run.pruner.prunable.items():
        found = log_alpha(weight.detach(), run.pruner.memory[f"log_variance.{name}"].detach())
        assert bool((found[run.pruner.masks[name]] <= 3.0).all())
    assert 0.0 < run.pruner.sparsity() < 0.98
    with pytest.raises(TargetMissedError, match=r"not the 5 .*\nAsk for 0\."):
        run.finish()


def test_a_weight_that_no_data_reach_becomes_noise_and_leaves_first() -> None:
    torch.manual_seed(0)
    net = nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        net.weight.fill_(0.5)
    config = VariationalDropoutConfig(samples=2, warm_up=0.0, begin=1.0, end=1.0, variance_rate=1.0)
    pruner = Pruner(net, VariationalDropout(config), target=1 / 3, total_steps=301, seed=0)
    optimizer = pruner.begin(lambda: torch.optim.Adam(net.parameters(), lr=0.05))
    x = torch.tensor([[0.0, 1.0, -1.0], [0.0, 2.0, 1.0]])  # the first input is dead
    for _ in range(301):
        net.train()
        optimizer.zero_grad()
        pruner.before_forward()
        torch.autograd.backward(20.0 * (net(x) - 2.0 * x[:, 1:]).square().mean())
        pruner.after_backward()
        optimizer.step()
        pruner.after_step()
    assert not pruner.masks["weight"][:, 0].any()
    assert len(pruner.hooks) == 1
    pruner.finalize()
    assert not pruner.hooks


@pytest.mark.parametrize(
    "wrong", [{"divergence": -1.0}, {"warm_up": 1.5}, {"variance_rate": 0.0}, {"samples": 0}], ids=str
)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        VariationalDropoutConfig(**wrong)
