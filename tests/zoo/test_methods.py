"""The conformance suite: what every pruning method must do. New entries of METHODS are judged without being named."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch
from pruning_runs import STEPS, Run, differing, start, state_of
from torch import nn
from torch.optim import Adam, Optimizer

from zoo.masks import count_for, masks_of
from zoo.methods import METHODS, MaskBehaviour, Method
from zoo.methods.rigl import RigLConfig

FAMILIES = {"dense", "random", "magnitude", "second-order", "regrowth", "bayesian"}
TARGETS = (0.5, 0.9, 0.98)

# Every method as it comes, and settings under which a short run does what a long one does.
CASES = [pytest.param(name, {}, id=name) for name in METHODS]
CASES.append(pytest.param("rigl", {"interval": 4, "accumulation": 3}, id="rigl-exchanging"))


def made(name: str, config: dict[str, Any]) -> Method:
    return METHODS[name](METHODS[name].config_type(**config))


def targets(name: str) -> tuple[float, ...]:
    return (0.0,) if name == "dense" else TARGETS


def whole_run(name: str, config: dict[str, Any], target: float, seed: int = 0) -> Run:
    return start(made(name, config), target, seed=seed).advance(STEPS).finish()


@pytest.mark.parametrize("name", METHODS)
def test_declares_its_facts(name: str) -> None:
    facts = METHODS[name].facts
    assert facts.family in FAMILIES
    assert facts.starts_from in ("dense parent", "scratch")
    assert facts.title
    assert "arXiv" in facts.paper
    assert METHODS[name].__doc__


@pytest.mark.parametrize("name", METHODS)
def test_configuration_is_frozen_with_defaults_and_refuses_unknown_keys(name: str) -> None:
    kind: Any = METHODS[name].config_type
    assert kind() == METHODS[name]().config
    with pytest.raises(FrozenInstanceError):
        kind().anything = 1
    with pytest.raises(TypeError, match="no_such_key"):
        kind(no_such_key=1)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_meets_the_target_to_one_weight(name: str, config: dict[str, Any]) -> None:
    for target in targets(name):
        pruner = whole_run(name, config, target).pruner
        kept = sum(int(mask.sum()) for mask in pruner.masks.values())
        allowed = 0 if pruner.method.facts.exact_target else round(0.005 * pruner.numel)
        assert abs(kept - count_for(target, 270)) <= allowed, (target, kept)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_masks_are_bool_of_the_weights_shapes_and_the_weights_show_them(name: str, config: dict[str, Any]) -> None:
    run = whole_run(name, config, targets(name)[-1])
    shown = masks_of(run.model)
    assert set(run.pruner.masks) == {"conv1.weight", "conv2.weight", "fc.weight"}
    for key, mask in run.pruner.masks.items():
        assert mask.dtype == torch.bool
        assert mask.shape == run.pruner.prunable[key].shape
        assert not bool((shown[key] & ~mask).any()), f"{key} has weights outside of its mask"


@pytest.mark.parametrize(("name", "config"), CASES)
def test_masks_change_only_as_declared(name: str, config: dict[str, Any]) -> None:
    run = whole_run(name, config, targets(name)[-1])
    behaviour = run.pruner.method.facts.mask_behaviour
    for before, after in zip(run.masks, run.masks[1:], strict=False):
        for key in before:
            if behaviour is MaskBehaviour.NESTED:
                assert not bool((after[key] & ~before[key]).any()), f"a pruned weight of {key} returned"
            elif behaviour is MaskBehaviour.CONSTANT_COUNT:
                assert int(after[key].sum()) == int(before[key].sum()), f"the count of {key} changed"


@pytest.mark.parametrize(("name", "config"), CASES)
def test_touches_nothing_but_the_prunable_weights(name: str, config: dict[str, Any]) -> None:
    assert whole_run(name, config, targets(name)[-1]).touched == []


def adam(model: nn.Module) -> Optimizer:
    return Adam(model.parameters(), lr=0.01, weight_decay=0.1)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_weight_decay_and_momentum_resurrect_nothing(name: str, config: dict[str, Any]) -> None:
    target = targets(name)[-1]
    assert whole_run(name, config, target).resurrected == []
    assert start(made(name, config), target, make_optimizer=adam).advance(STEPS).finish().resurrected == []


@pytest.mark.parametrize(("name", "config"), CASES)
def test_same_seed_same_bits(name: str, config: dict[str, Any]) -> None:
    target = targets(name)[-1]
    first, second = whole_run(name, config, target, seed=3), whole_run(name, config, target, seed=3)
    assert differing(first.pruner.masks, second.pruner.masks) == []
    assert differing(state_of(first.model), state_of(second.model)) == []


@pytest.mark.parametrize("stop", [0, 11, 17])
@pytest.mark.parametrize(("name", "config"), CASES)
def test_a_run_that_was_saved_and_resumed_ends_bit_equal(name: str, config: dict[str, Any], stop: int) -> None:
    target = targets(name)[0]  # the lowest, at which most is left to exchange
    straight = whole_run(name, config, target, seed=3)
    saved = start(made(name, config), target, seed=3).advance(stop).save()
    # Another seed, so that whatever is not restored shows.
    resumed = start(made(name, config), target, seed=4).restore(saved).advance(STEPS - stop).finish()
    assert resumed.pruner.step == straight.pruner.step == STEPS
    assert differing(straight.pruner.masks, resumed.pruner.masks) == []
    assert differing(state_of(straight.model), state_of(resumed.model)) == []


def test_the_exchanging_case_of_rigl_exchanges() -> None:
    run = whole_run("rigl", {"interval": 4, "accumulation": 3}, 0.5)
    assert run.pruner.method.config == RigLConfig(interval=4, accumulation=3)
    assert differing(run.masks[0], run.masks[-1]) != []
