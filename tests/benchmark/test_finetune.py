"""Fine-tuning holds the zeros, is deterministic, and is the same in pieces."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from benchmark.finetune import FinetuneConfig, TrainingImages, finetune

CONFIG = FinetuneConfig(epochs=2, batch_size=8, momentum=0.9, weight_decay=0.1)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(33, 1, 4, 4, generator=torch.Generator().manual_seed(0))


LABELS = torch.arange(33) % 3


def _network(norm: bool = False) -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(1, 4, 3)]
    layers += [nn.BatchNorm2d(4)] if norm else []
    network = nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    with torch.no_grad():
        for module in (network[0], network[-1]):
            weight = module.weight
            assert isinstance(weight, Tensor)
            weight.view(-1)[::2] = 0.0
    return network


def test_zeros_stay_positive_zero_under_momentum_and_weight_decay(images: Tensor) -> None:
    network = _network(norm=True)
    before = {name: value.clone() for name, value in network.named_parameters()}
    finetune(network, TrainingImages(images), LABELS, CONFIG, 0.1, seed=0)
    for name, value in network.named_parameters():
        was_zero = before[name] == 0
        if name.endswith("weight") and value.dim() > 1:
            assert was_zero.any()
            assert (value[was_zero] == 0).all()
            assert not torch.signbit(value[was_zero]).any(), name
        assert (value != before[name]).any(), name


def test_is_bit_equal_for_a_seed_and_differs_for_another(images: Tensor) -> None:
    networks = [_network(norm=True) for _ in range(3)]
    curves = [
        finetune(net, TrainingImages(images), LABELS, CONFIG, 0.1, seed)
        for net, seed in zip(networks, (0, 0, 1), strict=True)
    ]
    assert curves[0] == curves[1] != curves[2]
    states = [torch.cat([value.flatten() for value in net.state_dict().values()]) for net in networks]
    assert torch.equal(states[0], states[1])


def test_equals_plain_sgd_where_nothing_is_pruned(images: Tensor) -> None:
    torch.manual_seed(1)
    ours = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    theirs = deepcopy(ours)
    config = FinetuneConfig(epochs=1, batch_size=33, momentum=0.0, weight_decay=0.0)
    finetune(ours, TrainingImages(images), LABELS, config, 0.5, seed=0)
    loss = nn.functional.cross_entropy(theirs(images), LABELS)
    torch.autograd.backward(loss)
    with torch.no_grad():
        for value in theirs.parameters():
            assert value.grad is not None
            value.sub_(0.5 * value.grad)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("pieces", [2, 3, 64])
def test_pieces_of_a_batch_add_up_to_the_batch(images: Tensor, pieces: int) -> None:
    whole, cut = _network(), _network()
    finetune(whole, TrainingImages(images), LABELS, CONFIG, 0.1, seed=0)
    finetune(cut, TrainingImages(images), LABELS, CONFIG, 0.1, seed=0, pieces=pieces)
    for a, b in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_a_last_batch_of_one_image_is_left_out(images: Tensor) -> None:
    curve = finetune(_network(norm=True), TrainingImages(images), LABELS, CONFIG, 0.1, seed=0, pieces=64)
    assert len(curve) == 2
    assert all(loss > 0 for loss in curve)


def test_the_learning_rate_ends_near_zero(images: Tensor) -> None:
    rates: list[float] = []
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    original = torch.optim.SGD.step

    def step(self: torch.optim.SGD, *args: object) -> object:
        rates.append(self.param_groups[0]["lr"])
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", step)
        finetune(network, TrainingImages(images), LABELS, FinetuneConfig(10, 11, 0.9, 0.0), 0.2, seed=0)
    assert rates[0] == 0.2
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.001
