"""Top-KAST against a loop that writes the two sets out, and what must hold at every step."""

from typing import Any

import pytest
import torch
from pruning_runs import Run, TinyNetwork, batch, start
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from zoo.core.errors import UsageError
from zoo.methods.top_kast import TopKAST, TopKASTConfig

PRUNABLE = ("conv1.weight", "conv2.weight", "fc.weight")
# 80 % of 36, 216 and 18 weights leave 7.2, 43.2 and 3.6, which 54 in all make 7, 43 and 4; and 30 % more.
FORWARD = {"conv1.weight": 7, "conv2.weight": 43, "fc.weight": 4}
BACKWARD = {"conv1.weight": 18, "conv2.weight": 108, "fc.weight": 9}


def run_of(**settings: Any) -> Run:
    return start(TopKAST(TopKASTConfig(**settings)), 0.8)


def top(weight: Tensor, count: int) -> Tensor:
    mask = torch.zeros(weight.numel(), dtype=torch.bool)
    mask[torch.argsort(weight.abs().reshape(-1), descending=True, stable=True)[:count]] = True
    return mask.reshape(weight.shape)


@pytest.mark.parametrize("interval", [1, 3])
def test_training_equals_a_loop_that_writes_the_two_sets_out(interval: int) -> None:
    """Forward with θ ⊙ A, gradients of that on B, the exploration loss by autograd, plain gradient descent."""
    rate, penalty, steps = 0.1, 0.05, 7
    torch.manual_seed(1)
    theta = {name: value.detach().clone() for name, value in TinyNetwork().named_parameters()}
    run = start(
        TopKAST(TopKASTConfig(interval=interval, penalty=penalty)),
        0.8,
        make_optimizer=lambda model: SGD(model.parameters(), lr=rate),
    )
    buffers = {name: value.clone() for name, value in run.model.named_buffers()}
    shell = TinyNetwork().train()
    sets = {name: (top(theta[name], FORWARD[name]), top(theta[name], BACKWARD[name])) for name in PRUNABLE}
    for step in range(steps):
        x, y = batch(step)
        seen = {name: value.clone().requires_grad_() for name, value in theta.items()}
        for name, (a, _) in sets.items():
            seen[name] = (theta[name] * a).requires_grad_()
        loss = cross_entropy(functional_call(shell, {**seen, **buffers}, (x,)), y)
        gradients = dict(zip(seen, torch.autograd.grad(loss, list(seen.values())), strict=True))
        for name, (a, b) in sets.items():
            whole = theta[name].clone().requires_grad_()
            density = FORWARD[name] / whole.numel()
            exploration = penalty / 2 * (whole[a].square().sum() + whole[b & ~a].square().sum() / density)
            gradients[name] = gradients[name] * b + torch.autograd.grad(exploration, whole)[0]
        theta = {name: value - rate * gradients[name] for name, value in theta.items()}
        if (step + 1) % interval == 0:
            sets = {name: (top(theta[name], FORWARD[name]), top(theta[name], BACKWARD[name])) for name in PRUNABLE}
    run.advance(steps)
    for name, value in theta.items():
        expected = value * sets[name][0] if name in sets else value
        torch.testing.assert_close(run.model.get_parameter(name).detach(), expected, rtol=1e-5, atol=1e-6)


def test_what_is_seen_is_part_of_what_learns_and_both_have_their_size() -> None:
    run = run_of(interval=2)
    for _ in range(12):
        run.advance(1)
        for name, seen in run.pruner.masks.items():
            learns = run.pruner.memory[f"backward.{name}"]
            assert not bool((seen & ~learns).any()), name
            assert int(seen.sum()) == FORWARD[name]
            assert int(learns.sum()) == BACKWARD[name]


def test_gradients_are_zero_and_weights_constant_where_nothing_learns_whatever_the_optimizer_does() -> None:
    run = run_of(interval=100)  # momentum 0.9 and weight decay 0.1
    before = {name: value.clone() for name, value in run.pruner.memory.items()}
    run.advance(5)
    for name, weight in run.pruner.prunable.items():
        learns = before[f"backward.{name}"]
        latent, first = run.pruner.memory[f"latent.{name}"], before[f"latent.{name}"]
        assert weight.grad is not None
        assert not bool(weight.grad[~learns].any()), name
        assert torch.equal(latent[~learns], first[~learns]), name
        candidates = learns & ~run.pruner.masks[name]
        assert bool((latent[candidates] != first[candidates]).all()), name
        assert not bool(run.optimizer.state[weight]["momentum_buffer"][~learns].any()), name


def test_weights_outside_of_the_first_set_come_to_be_seen() -> None:
    run = run_of()
    first = dict(run.pruner.masks)
    run.advance(24)
    assert any(bool((mask & ~first[name]).any()) for name, mask in run.pruner.masks.items())


def test_after_the_run_nothing_is_left_of_the_weights_that_are_not_seen() -> None:
    run = run_of().advance(24)
    seen = {name: weight.detach().clone() for name, weight in run.pruner.prunable.items()}
    run.finish()
    assert run.pruner.memory == {}
    for name, weight in run.pruner.prunable.items():
        assert torch.equal(weight.detach(), seen[name])
        assert int(torch.count_nonzero(weight)) == FORWARD[name]


def test_a_layer_whose_density_and_margin_exceed_one_learns_as_a_whole() -> None:
    def slow(model: nn.Module) -> Optimizer:
        return SGD(model.parameters(), lr=0.01)

    run = start(TopKAST(TopKASTConfig(margin=1.0)), 0.5, make_optimizer=slow).advance(2)
    assert all(bool(run.pruner.memory[f"backward.{name}"].all()) for name in PRUNABLE)


@pytest.mark.parametrize("values", [{"margin": -0.1}, {"margin": 1.1}, {"interval": 0}, {"penalty": -1.0}])
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="TopKASTConfig needs"):
        TopKASTConfig(**values)  # type: ignore[arg-type]
