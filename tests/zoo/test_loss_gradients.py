"""Gradients and Hessian products against one big batch, torch's own Hessian, and finite differences of nothing else."""

from collections.abc import Iterator

import pytest
import torch
from pruning_runs import TinyNetwork, batch, differing, state_of
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from wave_networks import wave_images, wave_network

from zoo.errors import CalibrationError
from zoo.loss_gradients import balanced_batches, first_batches, hessian_products, loss_gradients, measuring
from zoo.prunable import prunable_parameters


def pieces(size: int) -> list[tuple[Tensor, Tensor]]:
    images, labels = wave_images()
    return list(zip(torch.split(images.double(), size), torch.split(labels, size), strict=True))


@pytest.mark.parametrize(("size", "temperature"), [(12, 1.0), (5, 1.0), (5, 7.0)])
def test_gradients_and_products_equal_torchs_explicit_ones(size: int, temperature: float) -> None:
    """Batches of 5, 5 and 2 images give what all 12 together give; depthwise layers included."""
    model = wave_network().double().eval()
    weights = prunable_parameters(model)
    images, labels = wave_images()
    flat = torch.cat([weight.detach().reshape(-1) for weight in weights.values()])

    def loss(values: Tensor) -> Tensor:
        parts = torch.split(values, [weight.numel() for weight in weights.values()])
        chosen = {name: part.reshape(weights[name].shape) for name, part in zip(weights, parts, strict=True)}
        return cross_entropy(functional_call(model, chosen, (images.double(),)) / temperature, labels)

    expected = torch.autograd.functional.jacobian(loss, flat)  # type: ignore[no-untyped-call]
    found = loss_gradients(model, weights, pieces(size), temperature)
    torch.testing.assert_close(torch.cat([part.reshape(-1) for part in found.values()]), expected)

    direction = {name: torch.cos(weight.detach() * 9) for name, weight in weights.items()}
    hessian = torch.autograd.functional.hessian(loss, flat)  # type: ignore[no-untyped-call]
    products = hessian_products(model, weights, pieces(size), direction, temperature)
    flat_direction = torch.cat([part.reshape(-1) for part in direction.values()])
    torch.testing.assert_close(torch.cat([part.reshape(-1) for part in products.values()]), hessian @ flat_direction)
    assert all(weight.grad is None for weight in weights.values())


def test_a_weight_that_the_loss_does_not_see_has_a_gradient_of_zero() -> None:
    model = TinyNetwork().eval()
    model.register_module("unused", torch.nn.Linear(2, 2))
    weights = prunable_parameters(model)
    gradients = loss_gradients(model, weights, [batch(0)])
    assert not bool(gradients["unused.weight"].any())
    assert bool(gradients["fc.weight"].any())
    assert not bool(hessian_products(model, weights, [batch(0)], gradients)["unused.weight"].any())


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_measuring_changes_nothing_that_lasts(batch_statistics: bool) -> None:
    model = TinyNetwork().train()
    model.bn1.eval()
    before = state_of(model)
    with measuring(model, batch_statistics):
        assert not model.training
        assert model.bn1.training is model.bn2.training is batch_statistics
        model(batch(0)[0])
    assert differing(before, state_of(model)) == []
    assert [model.training, model.bn1.training, model.bn2.training] == [True, False, True]


def test_batch_statistics_are_those_of_the_batch() -> None:
    model = TinyNetwork()
    with measuring(model, batch_statistics=True):
        measured = model(batch(0)[0])
    assert torch.equal(measured, model.train()(batch(0)[0]))


def test_batches_are_taken_until_there_are_enough_samples() -> None:
    taken = first_batches(map(batch, range(9)), 25)
    assert [len(labels) for _, labels in taken] == [10, 10, 5]
    assert torch.equal(taken[2][0], batch(2)[0][:5])
    assert [len(labels) for _, labels in first_batches(map(batch, range(2)), 25)] == [10, 10]


def test_balanced_batches_hold_as_many_of_each_class_and_mix_them() -> None:
    images = torch.arange(30.0).reshape(30, 1, 1, 1)
    labels = torch.arange(30) // 10

    def by_class() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, 6), torch.split(labels, 6), strict=True)

    taken = balanced_batches(by_class(), per_class=4, classes=3)
    assert [y.tolist() for _, y in taken] == [[0, 1, 2, 0, 1, 2]] * 2
    assert torch.cat([x for x, _ in taken]).reshape(-1).tolist() == [0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23]


def test_a_class_with_too_few_samples_brings_what_it_has() -> None:
    one_batch = (torch.zeros(5, 1, 1, 1), torch.tensor([0, 0, 0, 0, 1]))
    ((_, labels),) = balanced_batches(iter([one_batch]), per_class=3, classes=3)
    assert labels.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("take", [first_batches, lambda batches, n: balanced_batches(batches, n, 3)])
def test_no_data_is_an_error(take: type) -> None:
    with pytest.raises(CalibrationError, match="empty"):
        take(iter([]), 4)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_branches_that_end_with_a_norm_of_zeros_are_measured_with_ones(batch_statistics: bool) -> None:
    """As timm starts ResNets: without this no gradient reaches the layers of the branch."""
    model = TinyNetwork()
    torch.nn.init.zeros_(model.bn1.weight)
    twin = TinyNetwork()
    twin.load_state_dict(model.state_dict())
    torch.nn.init.ones_(twin.bn1.weight)
    with measuring(model, batch_statistics), measuring(twin, batch_statistics):
        found = loss_gradients(model, prunable_parameters(model), [batch(0)])
        expected = loss_gradients(twin, prunable_parameters(twin), [batch(0)])
    assert bool(found["conv1.weight"].any())
    assert differing(found, expected) == []
    assert not bool(model.bn1.weight.any())
