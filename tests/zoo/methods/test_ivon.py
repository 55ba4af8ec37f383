"""IVON as a pruning method: what it ranks by, what it takes from the run, where it fails."""

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch
from pruning_runs import STEPS, start
from torch import nn
from torch.optim import SGD, Optimizer

from zoo.core.errors import UsageError
from zoo.errors import CalibrationError
from zoo.masks import count_for, keep_top_global
from zoo.methods import METHODS
from zoo.methods.ivon import IVONConfig, VariationalOnlineNewton
from zoo.posterior.ivon import IVON
from zoo.pruner import Pruner


def test_weights_are_ranked_by_mean_times_root_of_precision() -> None:
    run = start(VariationalOnlineNewton(IVONConfig(beta2=0.9, begin=1.0, end=1.0)), 0.5).advance(STEPS - 1)
    optimizer = run.pruner.optimizer
    assert isinstance(optimizer, IVON)
    run.pruner.after_step()
    scores = {
        name: weight.detach().abs() * (70.0 * (optimizer.state[weight]["hessian"] + 0.1)).sqrt()
        for name, weight in run.pruner.prunable.items()
    }
    # What was removed has lost its mean by now, so the scores of the kept must be the largest.
    kept = keep_top_global(scores, count_for(0.5, 270))
    assert all(torch.equal(kept[name], mask) for name, mask in run.pruner.masks.items())
    magnitudes = keep_top_global({name: w.detach().abs() for name, w in run.pruner.prunable.items()}, 100)
    assert any(not torch.equal(magnitudes[name], keep_top_global(scores, 100)[name]) for name in magnitudes)


def test_with_constant_curvature_it_is_magnitude() -> None:
    """β₂ so close to 1 that h stays h₀: every deviation is the same."""
    run = start(VariationalOnlineNewton(IVONConfig(beta2=1 - 1e-12, begin=1.0, end=1.0)), 0.5).advance(STEPS - 1)
    magnitudes = {name: weight.detach().abs().clone() for name, weight in run.pruner.prunable.items()}
    run.pruner.after_step()
    kept = keep_top_global(magnitudes, count_for(0.5, 270))
    assert all(torch.equal(kept[name], mask) for name, mask in run.pruner.masks.items())


def test_rate_decay_and_groups_are_those_of_the_run_and_the_data_size_is_counted() -> None:
    def spared(model: nn.Module) -> Optimizer:
        matrices = [p for p in model.parameters() if p.ndim >= 2]
        rest = [p for p in model.parameters() if p.ndim < 2]
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": rest, "weight_decay": 0.0}]
        return SGD(groups, lr=0.3, weight_decay=0.01)

    run = start(VariationalOnlineNewton(), 0.5, make_optimizer=spared)
    groups = run.optimizer.param_groups
    assert [(g["gaussian"], g["weight_decay"], g["lr"], g["samples"]) for g in groups] == [
        (True, 0.01, 0.3, 70.0),
        (False, 0.0, 0.3, 70.0),
    ]
    assert sum(p.numel() for p in groups[0]["params"]) == 270
    own = start(VariationalOnlineNewton(IVONConfig(weight_decay=0.5, samples=7)), 0.5, make_optimizer=spared)
    assert {(g["weight_decay"], g["samples"]) for g in own.optimizer.param_groups} == {(0.5, 7.0)}


def test_without_weight_decay_or_a_size_of_the_data_it_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"prior.*\n.*--set weight_decay"):
        start(VariationalOnlineNewton(), 0.5, make_optimizer=lambda model: SGD(model.parameters(), lr=0.1))
    net = nn.Linear(3, 2)
    pruner = Pruner(net, VariationalOnlineNewton(), target=0.5, total_steps=1, seed=0)
    with pytest.raises(CalibrationError, match="no calibration data"):
        pruner.begin(lambda: SGD(net.parameters(), lr=0.1, weight_decay=0.1))
    known = Pruner(net, VariationalOnlineNewton(), target=0.5, total_steps=1, seed=0, samples=99)
    assert known.begin(lambda: SGD(net.parameters(), lr=0.1, weight_decay=0.1)).param_groups[0]["samples"] == 99.0


def test_the_forward_pass_sees_a_draw_and_everybody_else_the_means() -> None:
    run = start(VariationalOnlineNewton(), 0.5).advance(10)
    means = {name: weight.detach().clone() for name, weight in run.pruner.prunable.items()}
    run.pruner.before_forward()
    for name, weight in run.pruner.prunable.items():
        assert torch.equal(weight.detach() != means[name], run.pruner.masks[name])
    run.overflow()  # gradients of no use: the means are back all the same
    assert all(torch.equal(run.pruner.prunable[name].detach() != 0, run.pruner.masks[name]) for name in means)
    posterior = run.pruner.method.posterior(run.pruner)
    assert posterior is not None
    assert (posterior.kind, posterior.samples) == ("ivon", 70)
    assert all(bool((deviation > 0).all()) for deviation in posterior.deviations.values())


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"scope": "some"}, {"no_such": 1}], ids=str)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises((UsageError, TypeError)):
        IVONConfig(**wrong)


@pytest.mark.parametrize("name", ["ivon", "bayes-by-backprop", "variational-dropout", "swag-diagonal", "l0"])
def test_the_configuration_is_json_for_the_files_of_models(name: str) -> None:
    json.dumps(asdict(METHODS[name].config_type()), allow_nan=False)


def test_without_training_it_says_what_it_needs() -> None:
    pruner = start("ivon", 0.5).pruner
    pruner.optimizer = None
    with pytest.raises(UsageError, match="calibration images train nothing"):
        pruner.method.after_step(pruner)
