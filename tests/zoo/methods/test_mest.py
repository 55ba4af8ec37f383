"""MEST: importance as the authors' code has it, the memory bound, and mutations that end."""

from typing import Any

import pytest
import torch
from pruning_runs import Run, differing, start
from wave_networks import bits, golden, layered

from zoo.core.errors import UsageError
from zoo.methods.mest import MemoryEconomicSparseTraining, MESTConfig, importance
from zoo.regrowth import staying


def run_of(**settings: Any) -> Run:
    return start(MemoryEconomicSparseTraining(MESTConfig(updates=12, **settings)), 0.8).advance(24)


@pytest.mark.parametrize("strength", ["0", "0.5"])
def test_what_stays_equals_the_authors_code(strength: str) -> None:
    for name, weight in layered(1.6).named_parameters():
        score = importance(weight, float(strength))
        stay = staying(score, torch.ones_like(weight, dtype=torch.bool), weight.numel() // 4)
        assert bits(stay) == golden("regrowth")["mest"][strength][name]


def test_elastic_mutation_keeps_the_targets_count_after_every_update() -> None:
    run = run_of()
    for masks in run.masks:
        assert sum(int(mask.sum()) for mask in masks.values()) == 54
    assert differing(run.masks[0], run.masks[-1]) != []


def test_a_soft_bound_holds_mutating_weights_besides_the_targets_and_lets_go_of_them() -> None:
    run = run_of(soft_bound=True)
    kept = [sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks]
    target = {"conv1.weight": 7, "conv2.weight": 43, "fc.weight": 4}
    first = sum(count + int(0.2 * count) for count in target.values())
    second = sum(count + int(0.1 * count) for count in target.values())
    assert kept == [first] * 13 + [second] * 4 + [54] * 7  # 0.5625 and 0.75 of 24 steps are 13.5 and 18


@pytest.mark.parametrize("soft_bound", [False, True])
def test_at_no_time_is_more_kept_than_the_target_and_the_mutating_weights(soft_bound: bool) -> None:
    run = run_of(soft_bound=soft_bound)
    bound = 54 * (1.0 + (0.2 if soft_bound else 0.0))
    assert max(sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks) <= bound


def test_mutations_stop_with_the_last_decay() -> None:
    run = run_of()
    changed = [step + 1 for step in range(1, 24) if differing(run.masks[step], run.masks[step - 1])]
    assert changed == [2, 4, 6, 8, 10, 12, 14, 16]


def test_a_run_of_one_step_meets_its_target() -> None:
    method = MemoryEconomicSparseTraining(MESTConfig(soft_bound=True))
    run = start(method, 0.8, steps=1).advance(1).finish()
    assert sum(int(mask.sum()) for mask in run.pruner.masks.values()) == 54


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"updates": 0}, "updates >= 1"),
        ({"gradient_weight": -1.0}, "gradient_weight >= 0"),
        ({"mutation": (0.1, 0.0)}, "one more than decays"),
        ({"mutation": (1.5, 0.1, 0.0)}, "fractions below 1"),
        ({"mutation": (0.2, 0.1, 0.1)}, "to 0 at last"),
        ({"decay": (0.8, 0.2)}, "rising decays"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MESTConfig(**values)
