"""Iterative pruning: masks against torch's and the authors' code, rewinding bit by bit, schedules that start again."""

from dataclasses import replace
from itertools import pairwise
from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import STEPS, TinyNetwork, differing, start, state_of
from torch import Tensor
from torch.nn.utils import prune

from zoo.core.errors import UsageError
from zoo.masks import keep_top_global
from zoo.methods import METHODS
from zoo.methods._rounds import RoundsConfig, RoundsMethod
from zoo.methods.iterative_magnitude import IterativeMagnitude, IterativeMagnitudeConfig
from zoo.methods.lottery_ticket import LotteryTicket
from zoo.methods.lr_rewinding import LearningRateRewinding
from zoo.methods.reinitialised_ticket import ReinitialisedTicket
from zoo.schedules import Rounds

LENET_300_100 = {"fc1": (300, 784), "fc2": (100, 300), "fc3": (10, 100)}

# Three trainings of 8 steps: 75 % of what is left goes after each; later ones begin with step 3 of the first.
FROM_STEP_3 = RoundsConfig(rate=0.75, rewind=0.4)
ROUNDS = 2
TARGET = 1 - 0.25**2

# facebookresearch/open_lth @2ce732f, pruning/sparse_global.py, thrice on the weights of `golden_weights`. It removes
# one more than the fifth (its threshold is the first weight that should stay), so 39, 30 and 23 of 50 are left.
OPEN_LTH = (
    {"a": "01101101111011011011", "b": "011011111110111111111101", "c": "011111"},
    {"a": "00100101101001001011", "b": "011011011110110110111101", "c": "011011"},
    {"a": "00100100100001001001", "b": "001011011010010110110101", "c": "011011"},
)


def golden_weights() -> dict[str, Tensor]:
    weights = {}
    for index, (name, shape) in enumerate({"a": (5, 4), "b": (4, 3, 2), "c": (3, 2)}.items()):
        steps = np.arange(prod(shape))
        values = (steps * 37 % 101 + 1) / 101.0 * (0.4 + 0.3 * index) * (-1.0) ** steps
        weights[name] = torch.tensor(values.reshape(shape))
    return weights


def test_rounds_rank_as_open_lth_does() -> None:
    masks = None
    for golden in OPEN_LTH:
        count = sum(bits.count("1") for bits in golden.values())
        masks = keep_top_global({name: weight.abs() for name, weight in golden_weights().items()}, count, masks)
        assert {name: "".join(str(int(bit)) for bit in mask.reshape(-1)) for name, mask in masks.items()} == golden


def test_layerwise_rounds_leave_the_percentages_of_the_2019_paper() -> None:
    """51.3, 21.1, 7.0 and 3.6 % of LeNet-300-100 after 3, 7, 12 and 15 rounds of 20 %, 10 % in the output layer."""
    config = RoundsConfig(allocation="layerwise")
    left = [100 * (1 - config.sparsity(LENET_300_100, 0.99, done)) for done in (3, 7, 12, 15)]
    assert left == pytest.approx([51.28, 21.07, 6.95, 3.58], abs=0.01)
    scores = {name: torch.rand(shape) for name, shape in LENET_300_100.items()}
    masks = config.masks(scores, config.sparsity(LENET_300_100, 0.99, 3))
    found = [int(mask.sum()) for mask in masks.values()]
    assert found == pytest.approx([235_200 * 0.8**3, 30_000 * 0.8**3, 1_000 * 0.9**3], abs=1)


@given(st.floats(0.0, 0.99), st.floats(0.0, 0.95), st.integers(1, 120))
def test_trainings_fill_a_run_exactly(target: float, rewind: float, total: int) -> None:
    method = LotteryTicket(RoundsConfig(rewind=rewind))
    try:
        plan = method.plan(target, total)
    except UsageError:
        return
    positions = [plan.position(step) for step in range(total)]
    assert positions[0] == (0, 0, plan.first)
    assert positions[-1] == (plan.rounds, positions[-1][2] - 1, plan.training if plan.rounds else total)
    assert sum(map(plan.ends_a_round, range(total))) == plan.rounds
    for (number, step, steps), (next_number, next_step, _) in pairwise(positions):
        if number == next_number:
            assert next_step == step + 1
        else:
            assert (next_number, step, next_step) == (number + 1, steps - 1, plan.start)


def test_a_run_too_short_for_its_rounds_is_refused() -> None:
    with pytest.raises(UsageError, match="10 steps hold no 19 trainings"):
        start(LotteryTicket(), 0.98, steps=10)


@pytest.mark.parametrize("values", [{"rate": 0.0}, {"rate": 1.0}, {"rewind": 1.0}, {"rewind": -0.1}])
def test_impossible_rounds_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="0 < rate < 1 and 0 <= rewind < 1"):
        RoundsConfig(**values)  # type: ignore[arg-type]  # what a recipe could say
    with pytest.raises(UsageError, match="fine_tune_at"):
        IterativeMagnitudeConfig(fine_tune_at=1.0)


def test_a_run_takes_one_training_and_one_more_for_each_round() -> None:
    assert LotteryTicket().epochs(0.9, 90) == 12 * 90
    assert LotteryTicket(RoundsConfig(rewind=5 / 90)).epochs(0.9, 90) == 90 + 11 * 85
    assert METHODS["gmp"]().epochs(0.9, 90) == 90


@pytest.mark.parametrize("kind", [LotteryTicket, ReinitialisedTicket, LearningRateRewinding, IterativeMagnitude])
def test_each_round_prunes_as_torch_does(kind: type[RoundsMethod]) -> None:
    """Densities 0.25^r; the mask of the first round equals torch's on the trained weights."""
    run = start(kind(kind.config_type(rate=0.75, rewind=0.4)), TARGET)
    plan = run.pruner.method.plan(TARGET, STEPS)  # type: ignore[attr-defined]
    run.advance(plan.first - 1)
    for group in run.optimizer.param_groups:
        group["lr"] = 0.0  # the step in which the round ends, so that what is ranked can be read here
    reference = TinyNetwork()
    reference.load_state_dict(run.model.state_dict())
    modules = [reference.conv1, reference.conv2, reference.fc]
    prune.global_unstructured([(module, "weight") for module in modules], prune.L1Unstructured, amount=270 - 68)
    run.advance(1)
    for name, module in zip(("conv1", "conv2", "fc"), modules, strict=True):
        assert torch.equal(run.pruner.masks[f"{name}.weight"], module.get_buffer("weight_mask").bool())
    run.advance(STEPS - plan.first)
    kept = [sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks]
    assert sorted(set(kept), reverse=True) == [270, 68, 17]  # 67.5 and 16.9, rounded


def test_survivors_go_back_bit_by_bit_to_where_they_were() -> None:
    run = start(LotteryTicket(FROM_STEP_3), TARGET)
    plan = Rounds(STEPS, ROUNDS, 0.4)
    early = state_of(run.advance(plan.start).model)
    for _ in range(ROUNDS):
        while not plan.ends_a_round(run.pruner.step):
            run.advance(1)
        run.advance(1)
        for name, tensor in state_of(run.model).items():
            mask = run.pruner.masks.get(name)
            expected = early[name] if mask is None else torch.where(mask, early[name], 0.0)
            assert torch.equal(tensor, expected), name
        assert not run.optimizer.state
    assert run.pruner.method.learning_rate_position(run.pruner) == (plan.start, plan.training)


def test_tickets_of_2019_start_from_the_first_weights() -> None:
    run = start(LotteryTicket(replace(FROM_STEP_3, rewind=0.0)), TARGET)
    first = state_of(run.model)
    run.advance(run.pruner.method.plan(TARGET, STEPS).first)  # type: ignore[attr-defined]
    for name, tensor in state_of(run.model).items():
        mask = run.pruner.masks.get(name)
        assert torch.equal(tensor, first[name] if mask is None else torch.where(mask, first[name], 0.0))


def test_the_control_has_the_tickets_mask_and_other_weights_of_the_same_distribution() -> None:
    plan = Rounds(STEPS, ROUNDS, 0.0)
    ticket, control = (start(kind(RoundsConfig(rate=0.75)), TARGET) for kind in (LotteryTicket, ReinitialisedTicket))
    first = state_of(control.model)
    until = STEPS - plan.training
    ticket.advance(until)
    control.advance(until)
    assert differing(ticket.pruner.masks, control.pruner.masks) == []
    assert differing(state_of(ticket.model), state_of(control.model)) != []
    for name, weight in control.pruner.prunable.items():
        assert set(weight.detach()[control.pruner.masks[name]].tolist()) <= set(first[name].reshape(-1).tolist())


def test_learning_rate_rewinding_keeps_the_weights_and_repeats_the_schedule() -> None:
    run = start(LearningRateRewinding(FROM_STEP_3), TARGET)
    plan = Rounds(STEPS, ROUNDS, 0.4)
    positions = []
    for _ in range(STEPS):
        positions.append(run.pruner.learning_rate_position())
        run.advance(1)
    assert [step for step, _ in positions] == [
        *range(plan.first),
        *range(plan.start, plan.training),
        *range(plan.start, plan.training),
    ]
    assert run.pruner.memory == {}


def test_fine_tuning_stays_at_one_rate() -> None:
    run = start(IterativeMagnitude(IterativeMagnitudeConfig(rate=0.75, fine_tune_at=0.5)), TARGET)
    positions = []
    for _ in range(STEPS):
        positions.append(run.pruner.learning_rate_position())
        run.advance(1)
    assert positions == [*((step, 8) for step in range(8)), *[(4, 8)] * 16]
