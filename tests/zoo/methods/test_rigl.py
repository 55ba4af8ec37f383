"""RigL against an oracle in numpy that shares no code with it, and the facts of an exchange."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import STEPS, TinyNetwork, batch, differing, sgd, start
from torch.nn.functional import cross_entropy

from zoo.core.errors import UsageError
from zoo.methods.rigl import RigL, RigLConfig
from zoo.regrowth import exchanged

INTERVAL = 4


def oracle(
    weight: npt.NDArray[np.float32], gradient: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], fraction: float
) -> npt.NDArray[np.bool_]:
    """Drop, then grow among all that is not kept; lists of positions instead of masked scores."""
    active = [int(position) for position in np.flatnonzero(mask)]
    exchange = int(fraction * len(active))
    by_magnitude = sorted(active, key=lambda position: (-abs(float(weight[position])), position))
    kept = by_magnitude[: len(active) - exchange]
    free = sorted(set(range(len(weight))) - set(kept))
    by_gradient = sorted(free, key=lambda position: (-abs(float(gradient[position])), position))
    result = np.zeros(len(weight), dtype=np.bool_)
    result[kept + by_gradient[:exchange]] = True
    return result


# Coarse values tie often.
VALUES = st.integers(-4, 4).map(float)


@given(st.data(), st.integers(1, 40), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.99]))
def test_exchange_equals_the_oracle(data: st.DataObject, size: int, fraction: float) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    weight = np.array(data.draw(st.lists(VALUES, min_size=size, max_size=size)), dtype=np.float32) * mask
    gradient = np.array(data.draw(st.lists(VALUES, min_size=size, max_size=size)), dtype=np.float32)
    found = exchanged(torch.tensor(weight), torch.tensor(gradient).abs(), torch.tensor(mask), fraction)
    np.testing.assert_array_equal(found.numpy(), oracle(weight, gradient, mask, fraction))
    assert int(found.sum()) == int(mask.sum())


def test_a_weight_that_just_left_may_come_back_and_keeps_its_place() -> None:
    weight = torch.tensor([5.0, 4.0, 1.0, 0.0, 0.0])
    mask = torch.tensor([True, True, True, False, False])
    stays = exchanged(weight, torch.tensor([0.0, 0.0, 9.0, 1.0, 1.0]), mask, 0.34)
    assert stays.tolist() == [True, True, True, False, False]
    moves = exchanged(weight, torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]), mask, 0.34)
    assert moves.tolist() == [True, True, False, True, False]


def test_an_exchange_replaces_the_optimizers_step_and_grown_weights_contribute_nothing() -> None:
    run = start(RigL(RigLConfig(interval=INTERVAL)), 0.5).advance(INTERVAL)  # the next step exchanges
    pruner = run.pruner
    weights = {name: weight.detach().clone() for name, weight in pruner.prunable.items()}
    bias = run.model.get_parameter("fc.bias").detach().clone()
    masks = dict(pruner.masks)
    momenta = {name: run.optimizer.state[weight]["momentum_buffer"].clone() for name, weight in pruner.prunable.items()}
    run.advance(1)
    assert torch.equal(run.model.get_parameter("fc.bias"), bias), "the optimizer made its step"
    grown_somewhere = 0
    for name, weight in pruner.prunable.items():
        before, after = masks[name], pruner.masks[name]
        grown = after & ~before
        grown_somewhere += int(grown.sum())
        assert torch.equal(weight.detach(), weights[name] * (before & after)), name
        momentum = run.optimizer.state[weight]["momentum_buffer"]
        assert not bool(momentum[grown].any()), "momentum of a grown weight"
        assert torch.equal(momentum[before & after], momenta[name][before & after]), "momentum of a kept weight"
    assert grown_somewhere > 0


def test_logits_after_an_exchange_equal_those_after_the_drop_alone() -> None:
    run = start(RigL(RigLConfig(interval=INTERVAL)), 0.5).advance(INTERVAL)
    dropped = TinyNetwork()
    before = dict(run.pruner.masks)
    run.advance(1)
    dropped.load_state_dict(run.model.state_dict())
    with torch.no_grad():
        for name in run.pruner.prunable:
            dropped.get_parameter(name).mul_(before[name])
    x = batch(99)[0]
    assert torch.equal(run.model.eval()(x), dropped.eval()(x))


@pytest.mark.parametrize("accumulation", [1, 3])
def test_growth_follows_the_sum_of_dense_gradients(accumulation: int) -> None:
    """The whole step again by hand: gradients of the last steps, then the oracle, tensor by tensor."""
    method = RigL(RigLConfig(interval=INTERVAL, accumulation=accumulation))
    run = start(method, 0.6).advance(INTERVAL - accumulation + 1)
    sums = {name: np.zeros(weight.shape, np.float32) for name, weight in run.pruner.prunable.items()}
    for _ in range(accumulation):
        twin = TinyNetwork()
        twin.load_state_dict(run.model.state_dict())
        twin.train()
        x, y = batch(run.pruner.step)
        torch.autograd.backward(cross_entropy(twin(x), y))
        for name in sums:
            gradient = twin.get_parameter(name).grad
            assert gradient is not None
            sums[name] += gradient.numpy()
        weights = {name: weight.detach().numpy().copy() for name, weight in run.pruner.prunable.items()}
        masks = {name: mask.numpy().copy() for name, mask in run.pruner.masks.items()}
        run.advance(1)
    assert run.pruner.step == INTERVAL + 1
    assert run.pruner.memory == {}
    fraction = 0.15 * (1 + np.cos(np.pi * INTERVAL / round(0.75 * run.pruner.total_steps)))
    for name, mask in run.pruner.masks.items():
        expected = oracle(weights[name].reshape(-1), sums[name].reshape(-1), masks[name].reshape(-1), fraction)
        np.testing.assert_array_equal(mask.numpy().reshape(-1), expected, err_msg=name)


def test_masks_rest_before_the_first_interval_and_from_the_end_on() -> None:
    run = start(RigL(RigLConfig(interval=INTERVAL, end=0.5)), 0.5, steps=24).advance(24)
    changed = [
        step
        for step in range(1, 24)
        if any(not torch.equal(run.masks[step][name], run.masks[step - 1][name]) for name in run.masks[0])
    ]
    assert changed == [4, 8]  # 12 is the end


def test_first_mask_is_random_with_erk_counts() -> None:
    shapes = {"conv1.weight": 36, "conv2.weight": 216, "fc.weight": 18}
    drawn = [start("rigl", 0.9, seed=seed).pruner.masks for seed in (0, 1)]
    # ERK by hand: conv1 (4+1+3+3) and fc (6+3) would exceed 1 at 27 of 270 weights, so density is 27·p/Σ.
    raw = {"conv1.weight": 11, "conv2.weight": 16, "fc.weight": 9}
    expected = {name: 27 * raw[name] / 36 for name in shapes}
    for masks in drawn:
        assert {name: int(mask.sum()) for name, mask in masks.items()} == pytest.approx(expected, abs=1)
    assert not torch.equal(drawn[0]["conv2.weight"], drawn[1]["conv2.weight"])


def test_without_a_gradient_an_exchange_falls_back_to_position() -> None:
    run = start(RigL(RigLConfig(interval=1)), 0.5, steps=10)
    run.optimizer = sgd(run.model)
    run.pruner.step = 1
    assert run.pruner.after_backward() is True
    assert sum(int(mask.sum()) for mask in run.pruner.masks.values()) == 135


@pytest.mark.parametrize("values", [{"interval": 0}, {"accumulation": 101}, {"drop": 1.0}, {"end": 0.0}])
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="RigLConfig needs"):
        RigLConfig(**values)  # type: ignore[arg-type]


def test_its_settings_for_short_runs_exchange() -> None:
    run = start(RigL(RigLConfig(**RigL.short_runs["exchanging"])), 0.5).advance(STEPS)
    assert differing(run.masks[0], run.masks[-1]) != []
