"""CroP: the authors' numbers, torch's Hessian products, rounds, and what the ranking must not depend on."""

import itertools

import pytest
import torch
from pruning_runs import start
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from wave_networks import golden, wave_images, wave_network

from zoo.core.errors import UsageError
from zoo.loss_gradients import hessian_products, loss_gradients
from zoo.masks import count_for, keep_top_global
from zoo.methods.crop import CroP, CroPConfig, closing_sparsities, flow_sizes
from zoo.methods.grasp import flow_scores
from zoo.prunable import prunable_parameters
from zoo.pruner import Pruner


def products(
    model: nn.Module, images: Tensor, labels: Tensor, masks: dict[str, Tensor] | None = None
) -> dict[str, Tensor]:
    weights, batches = prunable_parameters(model), [(images, labels)]
    gradients = loss_gradients(model, weights, batches)
    vector = gradients if masks is None else {name: gradient * masks[name] for name, gradient in gradients.items()}
    return hessian_products(model, weights, batches, vector)


@pytest.mark.parametrize("case", ["crop", "crop_masked"])
def test_scores_equal_the_authors_code(case: str) -> None:
    """Theirs are four times as large: sums over two batches, squared."""
    model = wave_network()
    weights = prunable_parameters(model)
    masks = {name: (torch.arange(weight.numel()) % 3 != 0).reshape(weight.shape) for name, weight in weights.items()}
    if case == "crop_masked":
        with torch.no_grad():
            for name, weight in weights.items():
                weight.mul_(masks[name])
    found = flow_sizes(weights, products(model, *wave_images(), masks if case == "crop_masked" else None))
    for name, values in golden("pruning_at_initialisation")[case].items():
        expected = torch.tensor(values)
        torch.testing.assert_close(
            4.0 * found[name].reshape(-1), expected, rtol=1e-3, atol=1e-5 * float(expected.max())
        )


def test_scores_equal_torchs_own_hessian_product() -> None:
    model = wave_network().double()
    images, labels = wave_images()
    weights = prunable_parameters(model)
    names = list(weights)

    def loss(*values: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, dict(zip(names, values, strict=True)), (images.double(),)), labels)

    point = tuple(weight.detach() for weight in weights.values())
    gradient = torch.autograd.functional.jacobian(loss, point)  # type: ignore[no-untyped-call]
    _, expected = torch.autograd.functional.hvp(loss, point, gradient)  # type: ignore[no-untyped-call]
    found = products(model, images.double(), labels)
    for name, product in zip(names, expected, strict=True):
        torch.testing.assert_close(found[name], product, rtol=1e-10, atol=1e-14)


def test_scores_add_up_to_grasps_where_signs_do_not_count() -> None:
    model = wave_network()
    weights, found = prunable_parameters(model), products(wave_network(), *wave_images())
    for name in weights:
        assert torch.equal(flow_sizes(weights, found)[name], flow_scores(weights, found)[name].abs())


def test_a_factor_of_the_loss_changes_no_ranking() -> None:
    """Gradients and Hessian grow by the factor: scores by its square."""
    model = wave_network()
    weights, batches = prunable_parameters(model), [wave_images()]
    gradients = loss_gradients(model, weights, batches)
    scores = flow_sizes(weights, hessian_products(model, weights, batches, gradients))
    # Each image five times is the same loss; 25 times the score is the loss times five.
    many = [tuple(torch.cat([part] * 5) for part in wave_images())]
    again = hessian_products(model, weights, many, loss_gradients(model, weights, many))  # type: ignore[arg-type]
    kept = keep_top_global({name: 25.0 * score for name, score in scores.items()}, 30)
    other = keep_top_global(flow_sizes(weights, again), 30)
    assert all(torch.equal(kept[name], other[name]) for name in kept)


def test_sparsities_close_half_of_the_gap_at_each_round() -> None:
    """``CroPit(limit=0.9, steps=5)`` of the authors: 0.5, 0.7, ... and the limit."""
    assert closing_sparsities(0.9, 7) == pytest.approx([0.5, 0.7, 0.8, 0.85, 0.875, 0.8875, 0.9])
    assert closing_sparsities(0.4, 3) == pytest.approx([0.25, 0.325, 0.4])
    assert closing_sparsities(0.1, 3) == [0.1, 0.1, 0.1], "no round may remove more than is asked for"
    assert closing_sparsities(0.9, 1) == [0.9]


def test_rounds_are_nested_and_each_measures_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Tensor]] = []
    set_masks = Pruner.set_masks

    def recording(pruner: Pruner, masks: dict[str, Tensor], *, hold: bool = True) -> None:
        seen.append(dict(masks))
        set_masks(pruner, masks, hold=hold)

    monkeypatch.setattr(Pruner, "set_masks", recording)
    start(CroP(CroPConfig(rounds=4, samples=20)), 0.9)
    kept = [sum(int(mask.sum()) for mask in masks.values()) for masks in seen]
    assert kept == [count_for(sparsity, 270) for sparsity in (0.5, 0.7, 0.8, 0.9)]
    for before, after in itertools.pairwise(seen):
        assert not any(bool((after[name] & ~before[name]).any()) for name in before)
    one_shot = start(CroP(CroPConfig(rounds=1, samples=20)), 0.9).pruner.masks
    assert any(not torch.equal(one_shot[name], seen[3][name]) for name in one_shot), "scores were measured once"


@pytest.mark.parametrize("values", [{"samples": 0}, {"rounds": 0}])
def test_impossible_settings_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="CroPConfig needs"):
        CroPConfig(**values)  # type: ignore[arg-type]
