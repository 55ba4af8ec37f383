"""One mask change against explicit matrices, whole runs, and the joint update on real digits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from second_order_oracles import SmallNet, constrained_minimum, damped_fisher, gradients_one_by_one, small_problem
from torch import Tensor

from zoo.architectures import ARCHITECTURES
from zoo.core.errors import UsageError
from zoo.data import load_data, preprocess
from zoo.errors import CalibrationError, NonFiniteGradientError
from zoo.masks import count_for
from zoo.methods import METHODS
from zoo.methods._curvature import rising_sparsities
from zoo.methods.block_fisher import BlockFisher, BlockFisherConfig
from zoo.models import build
from zoo.pruner import Pruner
from zoo.train import TrainConfig, evaluate, train


def one_shot(target: float = 0.5, **settings: Any) -> Pruner:
    """A run of a single step on the small net, on batches of seven of its 24 images."""
    net, _, images, labels = small_problem()

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, 7), torch.split(labels, 7), strict=True)

    method = BlockFisher(BlockFisherConfig(**{"block_size": 10, "damping": 1e-3, **settings}))
    pruner = Pruner(net, method, target=target, total_steps=1, seed=0, calibration=batches)
    pruner.begin(lambda: torch.optim.SGD(net.parameters(), lr=0.1))
    return pruner


def expected(keep: int, gradients: dict[str, Any]) -> dict[str, Any]:
    """The weights after one change, by explicit inverses, one sort and one KKT system per block."""
    _, weights, _, _ = small_problem()
    blocks = []
    for name, weight in weights.items():
        values = weight.detach().flatten().double().numpy()
        for start in range(0, len(values), 10):
            matrix = damped_fisher(gradients[name][:, start : start + 10], 1e-3)
            w = values[start : start + 10]
            blocks.append((name, matrix, w, w**2 / np.diag(np.linalg.inv(matrix)) / 2))
    threshold = np.sort(np.concatenate([score for *_, score in blocks]))[-keep]
    rows: dict[str, list[Any]] = {name: [] for name in weights}
    for name, matrix, w, score in blocks:
        rows[name].append(constrained_minimum(matrix, w, score < threshold)[0])
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def test_one_change_equals_the_textbook() -> None:
    pruner = one_shot()
    pruner.after_step()
    net, _, images, labels = small_problem()
    keep = count_for(0.5, pruner.numel)
    for name, values in expected(keep, gradients_one_by_one(net, images, labels)).items():
        weight = pruner.prunable[name].detach().flatten()
        np.testing.assert_allclose(weight.numpy(), values, rtol=1e-3, atol=1e-5)
        assert torch.equal(weight != 0, pruner.masks[name].flatten())
    assert sum(int(mask.sum()) for mask in pruner.masks.values()) == keep


def test_without_update_the_survivors_stay() -> None:
    pruner = one_shot(update="none")
    before = {name: weight.detach().clone() for name, weight in pruner.prunable.items()}
    pruner.after_step()
    for name, weight in pruner.prunable.items():
        assert torch.equal(weight, before[name] * pruner.masks[name])


def test_recomputing_ends_at_the_same_count_with_other_weights() -> None:
    once, often = one_shot(), one_shot(recomputations=3)
    once.after_step()
    often.after_step()
    assert once.sparsity() == often.sparsity()
    assert any(not torch.equal(once.masks[name], often.masks[name]) for name in once.masks)


def test_weights_that_left_before_constrain_and_never_return() -> None:
    """After a first change the second must not use a pruned weight to make up for another."""
    pruner = one_shot(target=0.8)
    held = {name: torch.rand(weight.shape) < 0.6 for name, weight in pruner.prunable.items()}
    pruner.set_masks(held)
    pruner.after_step()
    for name, weight in pruner.prunable.items():
        assert not (pruner.masks[name] & ~held[name]).any()
        assert not weight[~pruner.masks[name]].any()


def test_groups_that_do_not_divide_the_data_use_whole_groups() -> None:
    pruner = one_shot(gradients=100, samples_per_gradient=7)
    pruner.after_step()
    assert pruner.sparsity() == pytest.approx(0.5, abs=0.01)


def test_a_data_set_smaller_than_one_group_is_an_error() -> None:
    with pytest.raises(CalibrationError, match="have 24 samples, and a gradient takes 25"):
        one_shot(samples_per_gradient=25).after_step()


def test_no_calibration_data_is_an_error() -> None:
    pruner = Pruner(SmallNet(), BlockFisher(), target=0.5, total_steps=1, seed=0)
    with pytest.raises(CalibrationError, match="calibration"):
        pruner.after_step()


def test_a_diverged_network_is_an_error_that_names_tensors() -> None:
    pruner = one_shot()
    with torch.no_grad():
        pruner.prunable["fc.weight"][0, 0] = float("nan")
    with pytest.raises(NonFiniteGradientError, match=r"conv2\.weight"):
        pruner.after_step()


@pytest.mark.parametrize(
    "wrong",
    [
        {"block_size": 0},
        {"gradients": 0},
        {"damping": 0.0},
        {"recomputations": 0},
        {"update": "x"},
        {"update_scale": 0.0},
    ],
)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        BlockFisherConfig(**wrong)


@pytest.mark.parametrize(
    ("now", "wanted", "times", "sparsities"),
    [(0.0, 0.99, 1, [0.99]), (0.0, 0.999, 3, [0.9, 0.99, 0.999]), (0.9, 0.99, 2, [1 - 0.1 * 0.1**0.5, 0.99])],
)
def test_densities_fall_geometrically(now: float, wanted: float, times: int, sparsities: list[float]) -> None:
    assert rising_sparsities(now, wanted, times) == pytest.approx(sparsities)


def test_the_joint_update_saves_loss_on_real_digits() -> None:
    """One shot to 80 % from a trained parent: no retraining hides the difference."""
    split = load_data("digits:0-4").splits["train"]
    preprocessing = ARCHITECTURES["resnet8-digits"].preprocessing
    images, labels = preprocess(split.images, preprocessing), torch.tensor(split.labels)
    parent = build("resnet8-digits", 5, seed=0)
    train(parent, split, TrainConfig(epochs=10), preprocessing=preprocessing, method=METHODS["dense"](), target=0.0)
    loss = {}
    for update in ("joint", "summed", "none"):
        net = build("resnet8-digits", 5, seed=0)
        net.load_state_dict(parent.state_dict())
        method = BlockFisher(BlockFisherConfig(update=update))
        Pruner(
            net, method, target=0.8, total_steps=1, seed=0, calibration=lambda: iter([(images, labels)])
        ).after_step()
        loss[update] = evaluate(net, split, preprocessing).nll
    assert loss["joint"] < 0.5 * loss["none"]
    assert loss["joint"] < loss["summed"]
