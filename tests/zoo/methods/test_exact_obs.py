"""ExactOBS on whole networks: the authors' weights, allocations, the database, less loss than cheaper methods."""

from pathlib import Path
from typing import Any

import pytest
import torch
from layerwise_problems import golden_problem, prepared
from pruning_runs import calibration, start
from torch import nn
from wave_networks import golden

from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.layerwise import store
from zoo.layerwise.network_loss import NetworkLoss
from zoo.masks import count_for
from zoo.methods import Method
from zoo.methods.exact_obs import ExactOBS, ExactOBSConfig
from zoo.methods.sparsegpt import SparseGPT, SparseGPTConfig
from zoo.methods.wanda import Wanda
from zoo.patterns import Block, NByM
from zoo.pruner import Pruner


def exact(**settings: Any) -> ExactOBS:
    return ExactOBS(ExactOBSConfig(**settings))


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_one_layer_equals_the_public_code(order: str) -> None:
    weights, _ = golden_problem()
    expected = golden("layerwise")["obc"]
    for level, values in zip(expected["levels"], expected["unstructured"], strict=True):
        if level * 144 != round(level * 144):
            continue  # the public code rounds up
        pruner = prepared(exact(allocation="uniform", order=order, damping=0.0), weights, level)
        assert torch.equal(pruner.masks["weight"], torch.tensor(values) != 0)
        torch.testing.assert_close(pruner.prunable["weight"].detach(), torch.tensor(values), rtol=2e-3, atol=2e-5)


def test_patterns_equal_the_public_code() -> None:
    weights, _ = golden_problem()
    for pattern, name in ((NByM(2, 4), "two_of_four"), (Block(1, 4), "blocked_half")):
        pruner = prepared(exact(damping=0.0), weights, 0.5, pattern)
        values = torch.tensor(golden("layerwise")["obc"][name])
        assert torch.equal(pruner.masks["weight"], values != 0)
        torch.testing.assert_close(pruner.prunable["weight"].detach(), values, rtol=2e-3, atol=2e-5)


def layer_error(method: Method, target: float = 0.6) -> float:
    weights, inputs = golden_problem()
    pruner = prepared(method, weights, target)
    return float(((weights - pruner.prunable["weight"].detach()) @ inputs.T).square().sum())


def test_the_closer_to_the_optimum_the_smaller_the_error_of_a_layer() -> None:
    methods = (exact(allocation="uniform"), SparseGPT(SparseGPTConfig(refit=True)), SparseGPT(), Wanda())
    errors = [layer_error(method) for method in methods]
    assert errors == sorted(errors)
    assert errors[0] < 0.9 * errors[2]


def kept(pruner: Pruner) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in pruner.masks.items()}


def test_allocations_share_the_weights_differently_and_exactly() -> None:
    shares = [kept(start(exact(allocation=name), 0.7).pruner) for name in ("uniform", "erk", "global", "dp")]
    assert {sum(share.values()) for share in shares} == {count_for(0.7, 270)}
    assert len({tuple(share.values()) for share in shares}) == 4


def flops(counts: dict[str, int]) -> int:
    return 36 * (counts["conv1.weight"] + counts["conv2.weight"]) + counts["fc.weight"]


def test_a_price_in_flops_saves_flops() -> None:
    """The classifier's weights are used once, those of the convolutions 36 times."""
    by_weights, by_flops = (
        kept(start(exact(allocation="dp", price=price), 0.7).pruner) for price in ("weights", "flops")
    )
    assert sum(by_weights.values()) == sum(by_flops.values())
    assert flops(by_flops) <= flops(by_weights)
    timings = tuple(
        (name, sparsity, seconds * (1 - sparsity))
        for name, seconds in (("conv1.weight", 36.0 * 36), ("conv2.weight", 36.0 * 216), ("fc.weight", 18.0))
        for sparsity in (0.0, 1.0)
    )
    assert kept(start(exact(allocation="dp", price="timings", timings=timings), 0.7).pruner) == by_flops


def test_timings_must_know_every_layer() -> None:
    with pytest.raises(UsageError, match=r"no timing of conv2\.weight, fc\.weight"):
        start(exact(allocation="dp", price="timings", timings=(("conv1.weight", 0.0, 1.0),)), 0.7)


def test_the_search_ends_no_further_from_the_dense_network_than_its_first_profile() -> None:
    def divergence(pruner: Pruner) -> float:
        torch.manual_seed(1)
        dense = type(pruner.model)()
        loss = NetworkLoss(dense, dict(dense.named_parameters()), (images for images, _ in calibration()))
        return loss({name: weight.detach() for name, weight in pruner.prunable.items()})

    searched = start(exact(allocation="spdy", search_starts=20, search_patience=10), 0.7).pruner
    first = start(exact(allocation="spdy", search_starts=1, search_patience=1), 0.7).pruner
    assert searched.sparsity() == first.sparsity()
    assert divergence(searched) <= divergence(first)


def test_the_database_serves_every_sparsity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, _ = golden_problem()
    fresh = {target: prepared(exact(), weights, target) for target in (0.5, 0.9)}
    kept_on_disk = prepared(exact(), weights, 0.5, workspace=tmp_path)
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["weight"]
    monkeypatch.setattr(store, "eliminate", lambda *_, **__: pytest.fail("what is on disk was worked out again"))
    again = prepared(exact(), weights, 0.9, workspace=tmp_path)
    for pruner, target in ((kept_on_disk, 0.5), (again, 0.9)):
        assert torch.equal(pruner.prunable["weight"], fresh[target].prunable["weight"])


def test_a_network_whose_inputs_are_all_zero_is_pruned_to_its_target() -> None:
    def nothing() -> Any:
        for images, labels in calibration():
            yield torch.zeros_like(images), labels

    for allocation in ("uniform", "global", "dp", "spdy"):
        model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8, bias=False), nn.ReLU(), nn.Linear(8, 2))
        method = exact(allocation=allocation, search_starts=1, search_patience=1)
        pruner = Pruner(model, method, target=0.75, total_steps=0, seed=0, calibration=nothing)
        method.prepare(pruner)
        assert pruner.sparsity() == 0.75


def test_depthwise_convolutions_are_pruned_too() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 3, groups=4), nn.Flatten(), nn.Linear(32, 3))
    for method in (exact(), SparseGPT(), Wanda()):
        method.prepare(pruner := Pruner(model, method, target=0.5, total_steps=0, seed=0, calibration=calibration))
        assert pruner.sparsity() == 0.5


def test_layers_that_stay_dense_and_are_too_much_are_an_error() -> None:
    with pytest.raises(MaskError, match="keep too much"):
        start(exact(scope="no-stem-no-classifier"), 0.9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"order": "sequential"}, "allocation global compares all layers"),
        ({"damping": -1.0}, "damping must be at least 0"),
        ({"density_factor": 1.0}, "density_factor between 0 and 1"),
        ({"highest_level": 0.0}, "highest_level above 0"),
        ({"price": "joules"}, "price is one of weights, flops, timings"),
        ({"price": "timings"}, "timings go with the last"),
        ({"search_starts": 0}, "must be at least 1"),
        ({"allocation": "lamp"}, "knows the allocations uniform, er, erk, global, dp, spdy"),
    ],
)
def test_wrong_settings_are_errors(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ExactOBSConfig(**wrong)


def test_the_highest_levels_may_not_suffice() -> None:
    with pytest.raises(UsageError, match="Raise highest_level|highest levels of all layers"):
        start(exact(allocation="dp", highest_level=0.5), 0.9)
