"""Which inputs each layer sees, in either order, and that the walk leaves no trace but weights."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from pruning_runs import TinyNetwork, differing, state_of
from torch import Tensor, nn

from zoo.core.errors import UsageError
from zoo.errors import CalibrationError, LayerInputError
from zoo.layerwise import InputMoments, Layer, WalkConfig, prune_layers, walk
from zoo.prunable import prunable_parameters


def images(count: int = 12) -> Tensor:
    return torch.randn(12, 1, 6, 6, generator=torch.Generator().manual_seed(5))[:count]


def calibration() -> Iterator[tuple[Tensor, Tensor]]:
    for part in torch.split(images(), 5):
        yield part, torch.zeros(len(part), dtype=torch.int64)


def network() -> TinyNetwork:
    torch.manual_seed(1)
    return TinyNetwork()


def walked(config: WalkConfig, model: nn.Module | None = None, **options: Any) -> dict[str, InputMoments]:
    """The moments that were shown, where every layer loses the first half of its outputs."""
    model = network() if model is None else model
    shown: dict[str, InputMoments] = {}
    prunable = prunable_parameters(model)

    def solve(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
        shown[layer.name] = moments
        mask = torch.ones(layer.shape, dtype=torch.bool)
        mask[: layer.shape[0] // 2] = False
        return prunable[layer.name] * mask, mask

    masks = prune_layers(model, prunable, calibration, config, solve, **options)
    assert list(masks) == list(prunable)
    for name, mask in masks.items():
        assert torch.equal(prunable[name] != 0, mask)
    return shown


def seen_by(model: TinyNetwork, name: str, count: int = 12) -> Tensor:
    """Σ x xᵀ of a layer's inputs by one plain pass: everything stored, then multiplied."""
    kept: list[Tensor] = []
    module = model.get_submodule(name)
    handle = module.register_forward_pre_hook(lambda _, given: kept.append(given[0].detach()))
    with torch.no_grad():
        model.eval()(images(count))
    handle.remove()
    if isinstance(module, nn.Conv2d):
        columns = nn.functional.unfold(kept[0], module.kernel_size, padding=1).transpose(0, 1).flatten(1).double()
    else:
        columns = kept[0].double().T
    return columns @ columns.T


def halved(model: TinyNetwork, *names: str) -> TinyNetwork:
    with torch.no_grad():
        for name in names:
            weight = prunable_parameters(model)[f"{name}.weight"]
            weight[: len(weight) // 2] = 0
    return model


@pytest.mark.parametrize(
    ("order", "before"),
    [
        ("parallel", {"conv1": (), "conv2": (), "fc": ()}),
        ("sequential", {"conv1": (), "conv2": ("conv1",), "fc": ("conv1", "conv2")}),
    ],
)
def test_a_layer_sees_the_dense_or_the_pruned_network(order: str, before: dict[str, tuple[str, ...]]) -> None:
    shown = walked(WalkConfig(order=order))
    for name, pruned in before.items():
        expected = seen_by(halved(network(), *pruned), name)
        torch.testing.assert_close(shown[f"{name}.weight"].total[0], expected, rtol=1e-4, atol=1e-4)
        assert shown[f"{name}.weight"].samples == 12


def test_only_so_many_samples_are_looked_at() -> None:
    shown = walked(WalkConfig(samples=7))
    assert shown["conv1.weight"].samples == 7
    torch.testing.assert_close(shown["conv1.weight"].total[0], seen_by(network(), "conv1", 7), rtol=1e-4, atol=1e-4)


def test_several_passes_where_the_sums_do_not_fit_show_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    once = walked(WalkConfig(order="parallel"))
    monkeypatch.setattr(walk, "MOMENT_BYTES", 1)
    each = walked(WalkConfig(order="parallel"))
    assert all(torch.equal(once[name].total, each[name].total) for name in once)


def test_a_pass_ends_behind_the_layer_that_is_looked_at() -> None:
    model = network()
    ran: list[str] = []
    model.fc.register_forward_hook(lambda *_: ran.append("fc"))
    walked(WalkConfig(order="sequential"), model)
    assert ran == ["fc"], "the classifier runs once, to find the order, and is never computed again"


def test_norms_and_modes_are_left_alone() -> None:
    model = network().train()
    model.bn1.eval()
    before, chance = state_of(model), torch.get_rng_state()
    walked(WalkConfig(order="sequential"), model)
    assert differing(before, state_of(model)) == ["conv1.weight", "conv2.weight", "fc.weight"]
    assert (model.training, model.bn1.training, model.bn2.training) == (True, False, True)
    assert torch.equal(chance, torch.get_rng_state())
    assert not model.conv1._forward_pre_hooks


class Twice(nn.Module):
    """One layer is called twice, another never."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Linear(36, 36)
        self.end = nn.Linear(36, 3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.end(self.again(self.again(x.flatten(1))))
        return logits


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_a_layer_that_is_called_twice_counts_both_calls(order: str) -> None:
    torch.manual_seed(0)
    model = Twice()
    with torch.no_grad():
        first = images().flatten(1)
        second = model.again(first)
    shown = walked(WalkConfig(order=order), model)["again.weight"]
    expected = first.T @ first + second.T @ second
    torch.testing.assert_close(shown.total[0].float(), expected, rtol=1e-4, atol=1e-4)
    assert (shown.samples, shown.positions) == (12, 24)


def test_a_layer_that_is_never_called_is_an_error() -> None:
    model = Twice()
    model.idle = nn.Linear(2, 2)
    with pytest.raises(LayerInputError, match=r"without calling the layer of idle\.weight"):
        walked(WalkConfig(), model)


def test_no_images_are_an_error() -> None:
    model = network()
    with pytest.raises(CalibrationError, match="calibration data are empty"):
        prune_layers(model, prunable_parameters(model), lambda: iter(()), WalkConfig(), asked_for_nothing)


def asked_for_nothing(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
    raise AssertionError(layer.name)


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"order": "random"}, {"accumulator": "float16"}])
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="samples must be at least 1, order one of parallel, sequential"):
        WalkConfig(**wrong)
