"""L0 against autograd on the whole objective, its outcome without steering, and its wrong settings."""

from typing import Any

import pytest
import torch
from pruning_runs import STEPS, batch, start
from torch.nn.functional import cross_entropy

from zoo.core.errors import UsageError
from zoo.errors import TargetMissedError
from zoo.masks import count_for
from zoo.methods import METHODS
from zoo.methods.l0 import L0, L0Config
from zoo.posterior.hard_concrete import expected_gate, gate, open_probability


def test_gradients_are_those_of_the_gated_loss_and_the_price() -> None:
    run = start(L0(L0Config(penalty=5.0, drop_rate=0.5)), 0.5)
    pruner, (x, y) = run.pruner, batch(0)
    latent = {n: pruner.memory[f"latent.{n}"].clone().requires_grad_() for n in pruner.prunable}
    gates = {n: pruner.memory[f"gate.{n}"].detach().clone().requires_grad_() for n in pruner.prunable}
    run.model.eval()
    pruner.before_forward()
    uniform = {n: pruner.memory[f"uniform.{n}"].clone() for n in latent}
    torch.autograd.backward(cross_entropy(run.model(x), y))
    pruner.after_backward()
    gated = {n: latent[n] * gate(gates[n], uniform[n]) for n in latent}
    price = torch.stack([open_probability(each).sum() for each in gates.values()]).sum() * 5.0 / 70
    torch.autograd.backward(cross_entropy(torch.func.functional_call(run.model, gated, (x,)), y) + price)
    for name in latent:
        torch.testing.assert_close(pruner.prunable[name].grad, latent[name].grad, rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(pruner.memory[f"gate.{name}"].grad, gates[name].grad, rtol=1e-4, atol=1e-7)


def test_the_network_shows_weights_times_their_expected_gates() -> None:
    run = start(L0(), 0.5).advance(STEPS)
    for name, weight in run.pruner.prunable.items():
        expected = run.pruner.memory[f"latent.{name}"] * expected_gate(run.pruner.memory[f"gate.{name}"].detach())
        assert torch.equal(weight.detach(), torch.where(run.pruner.masks[name], expected, 0.0))
    assert sum(int((w != 0).sum()) for w in run.pruner.prunable.values()) == count_for(0.5, 270)


def test_without_steering_the_price_decides_and_a_missed_target_says_what_to_ask_for() -> None:
    run = start(L0(L0Config(steer=False, penalty=0.0)), 0.5).advance(STEPS)
    with pytest.raises(TargetMissedError, match=r"keeps 2\d\d weights .* not the 135.*\nAsk for 0\.0"):
        run.finish()
    dear = start(L0(L0Config(steer=False, penalty=300.0, gate_rate=30.0)), 0.98).advance(STEPS)
    assert dear.pruner.sparsity() > 0.6


def test_gates_that_close_beyond_the_target_are_counted_and_refused() -> None:
    run = start(L0(), 0.5).advance(STEPS)
    with torch.no_grad():
        run.pruner.memory["gate.conv2.weight"].fill_(-9.0)
    run.pruner.method._show(run.pruner)  # type: ignore[attr-defined]
    with pytest.raises(TargetMissedError, match="Ask for 0\\.[6-9]"):
        run.finish()


def test_its_known_failure_is_said_where_it_is_listed() -> None:
    assert "fails on ResNet-50" in METHODS["l0"].facts.paper


@pytest.mark.parametrize("wrong", [{"drop_rate": 0.0}, {"penalty": -1.0}, {"gate_rate": 0.0}, {"samples": 0}], ids=str)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        L0Config(**wrong)
