"""Zeros stay zero in training through the real accelerate library, whatever the order of prepare and keep_sparse."""

from collections.abc import Iterator

import pytest
import torch
from pruning_runs import TinyNetwork, batch, sgd
from sparse_training import assert_zero, half_zero, zeros_of
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import AdamW
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

from zoo.holding import hold_zeros, keep_sparse

accelerate = pytest.importorskip("accelerate")


@pytest.fixture
def fresh() -> Iterator[None]:
    """accelerate keeps its settings for the life of a process."""
    yield
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)
    accelerate.state.GradientState._reset_state()


def data() -> DataLoader[tuple[Tensor, ...]]:
    images, labels = (torch.cat(parts) for parts in zip(*(batch(index) for index in range(4)), strict=True))
    return DataLoader(TensorDataset(images, labels), batch_size=10)


@pytest.mark.parametrize("when", ["held by load", "before prepare", "after prepare"])
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_zeros_are_held(when: str, accumulate: int, precision: str, fresh: None) -> None:
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=accumulate, mixed_precision=precision)
    model = half_zero()
    zeros, before = zeros_of(model), model.conv2.weight.detach().clone()
    backbone = [*model.conv1.parameters(), *model.conv2.parameters()]
    groups = [{"params": backbone, "lr": 0.02}, {"params": model.fc.parameters(), "lr": 0.1}]
    optimizer = AdamW(groups, weight_decay=0.1)
    if when == "held by load":
        hold_zeros(model)
    elif when == "before prepare":
        keep_sparse(model, optimizer)
    prepared, wrapped, loader, schedule = accelerator.prepare(model, optimizer, data(), StepLR(optimizer, 2))
    if when == "after prepare":
        keep_sparse(prepared, wrapped)
    steps = 0
    for images, labels in loader:
        with accelerator.accumulate(prepared):
            accelerator.backward(cross_entropy(prepared(images), labels))
            wrapped.step()
            schedule.step()
            wrapped.zero_grad()
            steps += accelerator.sync_gradients
    assert steps == 4 // accumulate
    assert_zero(model, zeros)
    assert not torch.equal(before, model.conv2.weight)
    assert_zero(accelerator.unwrap_model(prepared), zeros)


def test_a_checkpoint_of_accelerate_resumes_sparse(fresh: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    accelerator = accelerate.Accelerator(cpu=True)
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    prepared, optimizer = accelerator.prepare(model, sgd(model))
    place = str(tmp_path_factory.mktemp("state"))
    accelerator.save_state(place)
    for index in range(2):
        images, labels = batch(index)
        accelerator.backward(cross_entropy(prepared(images), labels))
        optimizer.step()
    accelerator.load_state(place)
    images, labels = batch(3)
    accelerator.backward(cross_entropy(prepared(images), labels))
    optimizer.step()
    assert_zero(model, zeros)
    fresh_network = TinyNetwork()
    fresh_network.load_state_dict(accelerator.get_state_dict(prepared))
    assert_zero(fresh_network, zeros)
