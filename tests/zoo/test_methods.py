"""The conformance suite: what every pruning method must do. New entries of METHODS are judged without being named."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import FrozenInstanceError, fields
from functools import cache
from typing import Any

import pytest
import torch
from pruning_runs import STEPS, Run, differing, start, state_of
from torch import nn
from torch.optim import Adam, Optimizer

from zoo.masks import count_for, masks_of
from zoo.methods import METHODS, MaskBehaviour, Method
from zoo.pruner import OUTCOME_TOLERANCE

accelerate = pytest.importorskip("accelerate")

FAMILIES = {"dense", "random", "magnitude", "second-order", "regrowth", "bayesian", "at initialisation"}
TARGETS = (0.5, 0.9, 0.98)

# Every method as it comes, and in `make test-full` under the settings that it declares for short runs.
SETTINGS: dict[str, Mapping[str, Any]] = {}
CASES = []
for _name, _kind in METHODS.items():
    for _label, _settings in {"": {}, **_kind.short_runs}.items():
        _case = f"{_name}-{_label}".rstrip("-")
        SETTINGS[_case] = _settings
        CASES.append(pytest.param(_name, _case, id=_case, marks=[pytest.mark.slow] if _label else []))
WITH_A_SCOPE = [name for name, kind in METHODS.items() if "scope" in {one.name for one in fields(kind.config_type)}]


def one_each(names: Iterable[str]) -> list[Any]:
    """For what is done for every method alike: the first of each family, and in `make test-full` all of them."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(METHODS[name].facts.family, name)
    return [name if name in first.values() else pytest.param(name, marks=pytest.mark.slow) for name in names]


def made(name: str, case: str, **more: Any) -> Method:
    return METHODS[name](METHODS[name].config_type(**{**SETTINGS[case], **more}))


def targets(name: str) -> tuple[float, ...]:
    return (0.0,) if name == "dense" else TARGETS


@pytest.fixture
def fresh() -> Iterator[None]:
    """accelerate keeps its settings for the life of a process: neither take them from a test nor leave them to one."""
    _forget_accelerate()
    yield
    _forget_accelerate()


def _forget_accelerate() -> None:
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)
    accelerate.state.GradientState._reset_state()


@cache
def whole_run(name: str, case: str, target: float, seed: int = 0) -> Run:
    """Looked at by several tests, changed by none."""
    return start(made(name, case), target, seed=seed).advance(STEPS).finish()


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


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize("which", [0, pytest.param(1, marks=pytest.mark.slow), 2])
def test_meets_the_target_to_one_weight(name: str, case: str, which: int) -> None:
    for target in targets(name)[which : which + 1]:
        pruner = whole_run(name, case, target).pruner
        kept = sum(int(mask.sum()) for mask in pruner.masks.values())
        allowed = 0 if pruner.method.facts.exact_target else OUTCOME_TOLERANCE * pruner.numel
        assert abs(kept - count_for(target, 270)) <= allowed, (target, kept)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_masks_are_bool_of_the_weights_shapes_and_the_weights_show_them(name: str, case: str) -> None:
    run = whole_run(name, case, targets(name)[-1])
    shown = masks_of(run.model)
    assert set(run.pruner.masks) == {"conv1.weight", "conv2.weight", "fc.weight"}
    for key, mask in run.pruner.masks.items():
        assert mask.dtype == torch.bool
        assert mask.shape == run.pruner.prunable[key].shape
        assert not bool((shown[key] & ~mask).any()), f"{key} has weights outside of its mask"


@pytest.mark.parametrize(("name", "case"), CASES)
def test_masks_change_only_as_declared(name: str, case: str) -> None:
    run = whole_run(name, case, targets(name)[-1])
    behaviour = run.pruner.method.facts.mask_behaviour
    for before, after in zip(run.masks, run.masks[1:], strict=False):
        for key in before:
            if behaviour is MaskBehaviour.NESTED:
                assert not bool((after[key] & ~before[key]).any()), f"a pruned weight of {key} returned"
            elif behaviour is MaskBehaviour.CONSTANT_COUNT:
                assert int(after[key].sum()) == int(before[key].sum()), f"the count of {key} changed"


@pytest.mark.parametrize(("name", "case"), CASES)
def test_touches_nothing_but_the_prunable_weights(name: str, case: str) -> None:
    assert whole_run(name, case, targets(name)[-1]).touched == []


@pytest.mark.parametrize(("name", "case"), CASES)
def test_weight_decay_and_momentum_resurrect_nothing(name: str, case: str) -> None:
    target = targets(name)[-1]
    assert whole_run(name, case, target).resurrected == []


@pytest.mark.parametrize(
    "stop", [pytest.param(0, marks=pytest.mark.slow), 11, pytest.param(17, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_run_that_was_saved_and_resumed_ends_bit_equal(name: str, case: str, stop: int) -> None:
    target = targets(name)[0]  # the lowest, at which most is left to exchange
    straight = whole_run(name, case, target)
    saved = start(made(name, case), target).advance(stop).save()
    # Another seed, so that whatever is not restored shows.
    resumed = start(made(name, case), target, seed=4).restore(saved).advance(STEPS - stop).finish()
    assert resumed.pruner.step == straight.pruner.step == STEPS
    assert differing(straight.pruner.masks, resumed.pruner.masks) == []
    assert differing(state_of(straight.model), state_of(resumed.model)) == []


@pytest.mark.parametrize("name", one_each(METHODS))
def test_the_same_seed_gives_the_same_bits_through_accelerate_too(name: str, fresh: None) -> None:
    target = targets(name)[-1]
    plain = whole_run(name, name, target)
    accelerator = accelerate.Accelerator(cpu=True)
    prepared = start(made(name, name), target, accelerator=accelerator).advance(STEPS).finish()
    assert prepared.resurrected == []
    assert differing(plain.pruner.masks, prepared.pruner.masks) == []
    assert differing(state_of(plain.model), state_of(prepared.model)) == []


def adam(model: nn.Module) -> Optimizer:
    return Adam(model.parameters(), lr=0.01, weight_decay=0.1)


@pytest.mark.parametrize("name", one_each(METHODS))
def test_steps_whose_gradients_overflowed_change_no_latent_weight_and_miss_no_target(name: str) -> None:
    target = targets(name)[-1]
    run = start(made(name, name), target, make_optimizer=adam).advance(7)
    latent = {key: tensor.clone() for key, tensor in run.pruner.memory.items() if key.startswith("latent.")}
    run.overflow()
    assert [key for key, tensor in latent.items() if not torch.equal(tensor, run.pruner.memory[key])] == []
    run.advance(STEPS - 9).overflow().finish()
    assert run.pruner.step == STEPS
    assert run.resurrected == []


@pytest.mark.parametrize("name", one_each(WITH_A_SCOPE))
def test_what_the_scope_leaves_out_stays_dense(name: str) -> None:
    run = start(made(name, name, scope="no-stem-no-classifier"), 0.5).advance(STEPS).finish()
    for masks in (*run.masks, run.pruner.masks):
        assert bool(masks["conv1.weight"].all())
        assert bool(masks["fc.weight"].all())
    assert sum(int(mask.sum()) for mask in run.pruner.masks.values()) == count_for(0.5, 270)
