"""One mask change against damped Optimal Brain Damage by an explicit loop, and the roles of N and δ."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from second_order_oracles import SmallNet, gradients_one_by_one, small_problem
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.errors import CalibrationError
from zoo.masks import count_for, keep_top
from zoo.methods.laplace_snr import LaplaceSNR, LaplaceSNRConfig, posterior_deviations
from zoo.pruner import Pruner

SAMPLES = 24


def prepared(target: float = 0.5, drawn: list[int] | None = None, **settings: Any) -> Pruner:
    """A run of a single step on the small net; ``drawn`` counts the batches of seven that were asked for."""
    net, _, images, labels = small_problem()

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for batch in zip(torch.split(images, 7), torch.split(labels, 7), strict=True):
            if drawn is not None:
                drawn.append(1)
            yield batch

    method = LaplaceSNR(LaplaceSNRConfig(**settings))
    pruner = Pruner(net, method, target=target, total_steps=1, seed=0, calibration=batches)
    pruner.begin(lambda: torch.optim.SGD(net.parameters(), lr=0.1))
    return pruner


def flat(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


@pytest.mark.parametrize("prior", [1e-3, 1.0])
@pytest.mark.parametrize("target", [0.2, 0.5, 0.9])
def test_one_change_is_damped_optimal_brain_damage(target: float, prior: float) -> None:
    """½ w² (F_ii + λ) with λ = δ/N, F_ii from an explicit loop over images."""
    net, weights, images, labels = small_problem()
    loop = gradients_one_by_one(net, images, labels)
    damage = torch.cat(
        [
            weight.detach().double().flatten() ** 2
            * (torch.from_numpy((loop[name] ** 2).mean(0)) + prior / SAMPLES)
            / 2
            for name, weight in weights.items()
        ]
    )
    pruner = prepared(target, prior_precision=prior)
    pruner.after_step()
    assert torch.equal(flat(pruner.masks), keep_top(damage, count_for(target, pruner.numel)))


def test_a_strong_prior_is_magnitude_and_a_weak_one_is_not() -> None:
    masks = {}
    for prior in (1e12, 1e-6):
        pruner = prepared(prior_precision=prior)
        magnitudes = flat({name: weight.detach().abs() for name, weight in pruner.prunable.items()})
        pruner.after_step()
        masks[prior] = torch.equal(flat(pruner.masks), keep_top(magnitudes, count_for(0.5, pruner.numel)))
    assert masks == {1e12: True, 1e-6: False}


def test_survivors_keep_their_values_and_the_pruned_never_return() -> None:
    pruner = prepared(0.8)
    held = {name: torch.rand(weight.shape) < 0.6 for name, weight in pruner.prunable.items()}
    pruner.set_masks(held)
    before = {name: weight.detach().clone() for name, weight in pruner.prunable.items()}
    pruner.after_step()
    for name, weight in pruner.prunable.items():
        assert not (pruner.masks[name] & ~held[name]).any()
        assert torch.equal(weight, before[name] * pruner.masks[name])


def test_the_data_set_size_is_the_pass_or_what_was_said() -> None:
    passed = posterior_deviations(prepared(), LaplaceSNRConfig())
    said = posterior_deviations(prepared(), LaplaceSNRConfig(dataset_size=SAMPLES))
    many = posterior_deviations(prepared(), LaplaceSNRConfig(dataset_size=10**6))
    for name, deviations in passed.items():
        assert torch.equal(deviations, said[name])
        assert (many[name] <= deviations).all()


def test_fewer_samples_draw_fewer_batches_and_exactly_those_samples() -> None:
    drawn: list[int] = []
    pruner = prepared(drawn=drawn)
    some = posterior_deviations(pruner, LaplaceSNRConfig(samples=10, dataset_size=SAMPLES, prior_precision=0.1))
    assert len(drawn) == 2
    net, _, images, labels = small_problem()
    loop = gradients_one_by_one(net, images[:10], labels[:10])
    for name, deviations in some.items():
        variance = 1 / (SAMPLES * torch.from_numpy((loop[name] ** 2).mean(0)) + 0.1)
        torch.testing.assert_close(deviations.flatten() ** 2, variance, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "wrong", [{"prior_precision": 0.0}, {"samples": 0, "dataset_size": 5}, {"samples": 10}], ids=str
)
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        LaplaceSNRConfig(**wrong)


def test_no_calibration_data_is_an_error() -> None:
    with pytest.raises(CalibrationError, match="calibration"):
        Pruner(SmallNet(), LaplaceSNR(), target=0.5, total_steps=1, seed=0).after_step()
