"""Zeros stay zero under every optimizer, wrapper and copy; without the hold the same training loses them."""

import copy
import gc
import io
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pruning_runs import TinyNetwork, batch, sgd
from sparse_training import OPTIMIZERS, assert_zero, half_zero, train, zeros_of
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import prune
from torch.nn.utils.parametrizations import weight_norm
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.holding import (
    NothingToKeepWarning,
    ZerosNotHeldWarning,
    ZerosReplacedWarning,
    held_zeros,
    hold_zeros,
    keep_sparse,
    release_sparsity,
)
from zoo.prunable import prunable_parameters

ZEROS = 135


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zeros_are_held_under_any_optimizer_and_lost_without(name: str) -> None:
    model, free = half_zero(), half_zero()
    zeros, before = zeros_of(model), copy.deepcopy(model.state_dict())
    assert hold_zeros(model) == held_zeros(model) == ZEROS
    train(model, OPTIMIZERS[name](model.parameters()))
    assert_zero(model, zeros)
    for tensor in ("conv1.weight", "conv2.weight", "fc.weight", "fc.bias", "bn1.weight"):
        moved = model.state_dict()[tensor] != before[tensor]
        # Not all: a unit that never fires has no gradient.
        assert bool(moved[~zeros.get(tensor, torch.zeros_like(moved))].float().mean() > 0.4), tensor
    train(free, OPTIMIZERS[name](free.parameters()))
    assert sum(int(mask.sum()) for mask in zeros_of(free).values()) < 100


def test_a_model_without_zeros_trains_as_if_nobody_looked() -> None:
    models = [TinyNetwork(), TinyNetwork()]
    models[1].load_state_dict(models[0].state_dict())
    assert hold_zeros(models[1]) == 0
    for model in models:
        train(model, sgd(model))
    for left, right in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(left, right)


def test_the_state_dict_stays_that_of_the_plain_architecture() -> None:
    model = half_zero()
    expected = copy.deepcopy(model.state_dict())
    buffers = [name for name, _ in model.named_buffers()]
    hold_zeros(model)
    assert list(model.state_dict()) == list(expected)
    assert [name for name, _ in model.named_buffers()] == buffers
    TinyNetwork().load_state_dict(model.state_dict())
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    assert list(torch.load(buffer, weights_only=True)) == list(expected)


def pickled(model: nn.Module) -> nn.Module:
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    restored: nn.Module = torch.load(buffer, weights_only=False)
    return restored


COPIES: dict[str, Callable[[nn.Module], nn.Module]] = {
    "deepcopy": copy.deepcopy,
    "pickle": pickled,
    "copy of a copy": lambda model: copy.deepcopy(pickled(copy.deepcopy(model))),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_hold_their_own_zeros(kind: str) -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    twin = COPIES[kind](model)
    release_sparsity(model)
    assert (held_zeros(model), held_zeros(twin)) == (0, ZEROS)
    for network in (model, twin):
        train(network, sgd(network))
    assert_zero(twin, zeros)
    assert sum(int(mask.sum()) for mask in zeros_of(model).values()) < 30


def test_an_average_of_weights_keeps_the_zeros() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=True)  # type: ignore[no-untyped-call]
    optimizer = sgd(model)
    for _ in range(3):
        train(model, optimizer, 1)
        average.update_parameters(model)
    assert_zero(average.module, zeros)
    train(average.module, sgd(average.module))
    assert_zero(average.module, zeros)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_another_dtype_keeps_the_zeros(dtype: torch.dtype) -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    model.to(dtype)
    train(model, sgd(model))
    assert_zero(model, zeros)


@pytest.mark.slow
def test_compiled_models_and_compiled_steps_keep_the_zeros() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    compiled: Any = torch.compile(model, backend="eager")
    train(model, sgd(model), forward=compiled)
    assert_zero(model, zeros)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    step = torch.compile(optimizer.step, backend="eager")
    for index in range(3):
        images, labels = batch(index)
        torch.autograd.backward(cross_entropy(compiled(images), labels))
        step()
    assert_zero(model, zeros)


@pytest.mark.parametrize("wrap", [nn.DataParallel, nn.Sequential])
def test_wrappers_keep_the_zeros(wrap: type[nn.Module]) -> None:
    model = half_zero()
    zeros = zeros_of(model)
    wrapper: nn.Module = wrap(model)
    keep_sparse(wrapper, optimizer := sgd(wrapper))
    train(model, optimizer, forward=wrapper)
    assert_zero(model, zeros)


def test_a_step_that_a_scaler_skips_changes_nothing() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    optimizer = sgd(model)
    keep_sparse(model, optimizer)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0, growth_interval=100)
    for factor in (1.0, float("inf"), 1.0):
        before = model.fc.bias.detach().clone()
        optimizer.zero_grad()
        images, labels = batch(0)
        torch.autograd.backward(scaler.scale(cross_entropy(model(images), labels)) * factor)
        scaler.step(optimizer)
        scaler.update()
        assert_zero(model, zeros)
        assert torch.equal(before, model.fc.bias) is (factor > 1)


def test_parameter_groups_schedules_and_weights_added_later() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    optimizer = SGD([{"params": model.conv1.parameters(), "lr": 0.2}], lr=0.05, momentum=0.9)
    keep_sparse(model, optimizer)
    schedule = CosineAnnealingLR(optimizer, 10)
    train(model, optimizer, 2)
    optimizer.add_param_group({"params": [*model.conv2.parameters(), *model.fc.parameters()], "weight_decay": 0.1})
    for _ in range(3):
        train(model, optimizer, 1)
        schedule.step()
    assert_zero(model, zeros)


def test_momentum_of_a_training_that_is_under_way_is_forgotten() -> None:
    model = TinyNetwork()
    optimizer = Adam(model.parameters(), lr=0.1)
    train(model, optimizer)
    with torch.no_grad():
        model.conv2.weight.reshape(-1)[::2] = 0.0
    keep_sparse(model, optimizer)
    pruned = model.conv2.weight.detach() == 0
    assert not bool(optimizer.state[model.conv2.weight]["exp_avg"][pruned].any())
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    assert bool((model.conv2.weight.detach()[pruned] == 0).all())


def test_other_optimizers_and_other_models_are_left_alone() -> None:
    model, other = half_zero(), half_zero(1)
    hold_zeros(model)
    train(other, sgd(other))
    assert sum(int(mask.sum()) for mask in zeros_of(other).values()) < 30
    with torch.no_grad():
        model.fc.weight.fill_(1.0)
    train(other, sgd(other), 1)
    assert bool((model.fc.weight == 1).all()), "a step that does not train a weight does not touch it"


def test_a_frozen_backbone_needs_no_holding_and_gets_none() -> None:
    model = half_zero()
    model.requires_grad_(False)
    model.fc.requires_grad_(True)
    hold_zeros(model)
    before = model.conv1.weight.clone()
    train(model, sgd(model.fc), 2)
    assert torch.equal(before, model.conv1.weight)


def test_exempt_modules_are_free() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    assert hold_zeros(model, exempt=("fc",)) == ZEROS - 9
    train(model, sgd(model))
    assert bool((model.fc.weight != 0).all())
    zeros.pop("fc.weight")
    assert_zero(nn.ModuleDict({"conv1": model.conv1, "conv2": model.conv2}), zeros)


def test_letting_go_and_holding_again() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    optimizer = sgd(model)
    held = keep_sparse(model, optimizer)
    assert held.zeros == ZEROS
    assert keep_sparse(model, optimizer).zeros == ZEROS, "twice is harmless"
    train(model, optimizer)
    assert_zero(model, zeros)
    held.remove()
    held.remove()
    assert held_zeros(model) == 0
    train(model, optimizer)
    assert sum(int(mask.sum()) for mask in zeros_of(model).values()) < 30


def test_the_same_zeros_in_a_state_dict_are_held_on() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    saved = copy.deepcopy(model.state_dict())
    train(model, sgd(model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_state_dict(saved)
    train(model, sgd(model))
    assert_zero(model, zeros)


def test_other_zeros_in_a_state_dict_replace_those_held_and_say_so() -> None:
    model, other = half_zero(), half_zero(1)
    with torch.no_grad():
        for weight in prunable_parameters(other).values():
            weight.copy_(weight.reshape(-1).roll(1).reshape(weight.shape))
    hold_zeros(model)
    zeros = zeros_of(other)
    with pytest.warns(ZerosReplacedWarning, match="only the zeros of the state dict are held"):
        model.load_state_dict(other.state_dict())
    for name, weight in prunable_parameters(model).items():
        assert torch.equal(weight, other.get_parameter(name)), "what is loaded is not touched"
    train(model, sgd(model))
    assert_zero(model, zeros)
    with pytest.warns(ZerosReplacedWarning):
        model.load_state_dict(TinyNetwork().state_dict())
    assert held_zeros(model) == 0


def test_pruning_further_with_torch_keeps_both() -> None:
    model = half_zero()
    zeros = zeros_of(model)
    hold_zeros(model)
    prune.random_unstructured(model.conv2, "weight", amount=20)  # type: ignore[no-untyped-call]
    drawn = model.conv2.get_buffer("weight_mask") == 0
    train(model, sgd(model))
    prune.remove(model.conv2, "weight")  # type: ignore[no-untyped-call]
    assert_zero(model, zeros)
    assert bool((model.conv2.weight[drawn] == 0).all())


def test_a_weight_cut_to_another_shape_is_an_error_that_says_what_to_do() -> None:
    model = half_zero()
    hold_zeros(model)
    model.conv1.weight = nn.Parameter(torch.ones(3, 1, 3, 3))
    with pytest.raises(MaskError, match=r"became \(3, 1, 3, 3\)") as caught:
        SGD(model.conv1.parameters(), lr=0.1).step()
    assert "keep_sparse" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda model: (sgd(model), model), "got SGD"),
        (lambda model: (model.state_dict(), sgd(model)), "got OrderedDict"),
        (lambda model: (model, model.parameters()), "got generator"),
        (lambda model: (model, None), "got NoneType"),
    ],
)
def test_wrong_arguments_are_one_clear_error(arguments: Callable[[nn.Module], Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        keep_sparse(*arguments(half_zero()))
    assert caught.value.hint == "prunarium.keep_sparse(model, optimizer)"


def test_an_optimizer_of_another_model_is_refused() -> None:
    with pytest.raises(UsageError, match="steps no parameter of this") as caught:
        keep_sparse(half_zero(), sgd(TinyNetwork()))
    assert "model.parameters()" in (caught.value.hint or "")


def test_a_model_without_zeros_says_so() -> None:
    model = TinyNetwork()
    with pytest.warns(NothingToKeepWarning, match="TinyNetwork has no zeros"):
        assert keep_sparse(model, sgd(model)).zeros == 0


def test_zeros_that_cannot_be_held_are_named() -> None:
    attention, normed, plain = nn.MultiheadAttention(8, 2), weight_norm(nn.Linear(8, 8)), nn.Linear(8, 8)
    model = nn.ModuleDict({"attention": attention, "normed": normed, "plain": plain})
    model.register_parameter("start", nn.Parameter(torch.zeros(1, 8)))
    with torch.no_grad():
        plain.weight[0] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep_sparse(model, sgd(model))
    with torch.no_grad():
        attention.in_proj_weight[:4] = 0
        normed.parametrizations.weight.original1[:, 1] = 0
    names = r"attention\.in_proj_weight, normed\.parametrizations\.weight\.original1"
    with pytest.warns(ZerosNotHeldWarning, match=f"Zeros of {names} are not held"):
        assert keep_sparse(model, sgd(model)).zeros == 8


def test_a_held_model_is_freed_when_it_is_let_go() -> None:
    model = half_zero()
    hold_zeros(model)
    gone = weakref.ref(model.conv1)
    gc.collect()
    gc.disable()
    try:
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_a_held_model_is_still_a_model_for_other_tools() -> None:
    model = half_zero().eval()
    images = batch(0)[0]
    expected = model(images)
    hold_zeros(model)
    torch.testing.assert_close(torch.export.export(model, (images,)).module()(images), expected)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), expected)
