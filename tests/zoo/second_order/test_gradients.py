"""Streamed gradients against backward passes of single images, and what the stream must leave alone."""

import numpy as np
import pytest
import torch
from second_order_oracles import gradients_one_by_one, small_problem
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.second_order.gradients import Gradients, evaluating, gradient_stream


def joined(chunks: list[Gradients]) -> dict[str, Tensor]:
    return {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}


@pytest.mark.parametrize("vectorised", [True, False])
@pytest.mark.parametrize("at_once", [None, 1, 7])
def test_equal_backward_passes_of_single_images(vectorised: bool, at_once: int | None) -> None:
    net, weights, images, labels = small_problem()
    expected = gradients_one_by_one(net, images, labels)
    net.train()  # the stream itself must see to it that batch norm does not mix samples
    chunks = list(gradient_stream(net, weights, images, labels, gradients_at_once=at_once, vectorised=vectorised))
    assert max(len(chunk["fc.weight"]) for chunk in chunks) == (at_once or 24)
    for name, gradients in joined(chunks).items():
        assert gradients.shape == (24, *weights[name].shape)
        np.testing.assert_allclose(gradients.flatten(1).numpy(), expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("vectorised", [True, False])
def test_a_group_gives_the_mean_of_its_samples(vectorised: bool) -> None:
    net, weights, images, labels = small_problem()
    single = joined(list(gradient_stream(net, weights, images, labels)))
    grouped = joined(list(gradient_stream(net, weights, images, labels, samples_per_gradient=4, vectorised=vectorised)))
    for name, gradients in grouped.items():
        torch.testing.assert_close(
            gradients, single[name].reshape(6, 4, *gradients.shape[1:]).mean(1), rtol=1e-4, atol=1e-6
        )


def test_masked_weights_have_no_gradient() -> None:
    net, weights, images, labels = small_problem()
    masks = {name: torch.rand(weight.shape) < 0.5 for name, weight in weights.items()}
    plain = joined(list(gradient_stream(net, weights, images, labels)))
    masked = joined(list(gradient_stream(net, weights, images, labels, masks=masks)))
    for name, gradients in masked.items():
        assert torch.equal(gradients, plain[name] * masks[name])


@pytest.mark.parametrize("vectorised", [True, False])
def test_the_model_stays_as_it_was(vectorised: bool) -> None:
    net, weights, images, labels = small_problem()
    net.train()
    net.bn.eval()
    net.fc.weight.grad = torch.ones_like(net.fc.weight)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for chunk in gradient_stream(net, weights, images, labels, vectorised=vectorised):
        assert net.training, "the consumer sees the model in its own mode"
        assert not any(gradient.requires_grad for gradient in chunk.values())
    assert not net.bn.training
    assert torch.equal(net.fc.weight.grad, torch.ones_like(net.fc.weight))
    assert net.conv1.weight.grad is None
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_the_mode_returns_after_an_error() -> None:
    net = small_problem()[0]
    net.train()
    with pytest.raises(RuntimeError, match="on purpose"), evaluating(net):
        assert not net.bn.training
        raise RuntimeError("on purpose")
    assert net.bn.training


def test_samples_that_do_not_fill_the_groups_are_an_error() -> None:
    net, weights, images, labels = small_problem()
    with pytest.raises(UsageError, match="24 samples cannot be cut into groups of 5"):
        next(gradient_stream(net, weights, images, labels, samples_per_gradient=5))
