"""GraSP: an explicit Hessian, the authors' numbers, and what its score promises about the gradient's norm."""

import numpy as np
import pytest
import torch
from pruning_runs import TinyNetwork, calibration, start
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from wave_networks import golden, wave_images, wave_network

from zoo.core.errors import UsageError
from zoo.loss_gradients import balanced_batches, hessian_products, loss_gradients
from zoo.masks import count_for
from zoo.methods.grasp import GraSP, GraSPConfig, flow_scores
from zoo.prunable import prunable_parameters


def scores(model: torch.nn.Module, images: Tensor, labels: Tensor, temperature: float) -> dict[str, Tensor]:
    weights, batches = prunable_parameters(model), [(images, labels)]
    gradients = loss_gradients(model, weights, batches, temperature)
    return flow_scores(weights, hessian_products(model, weights, batches, gradients, temperature))


def test_scores_equal_the_authors_code() -> None:
    """Theirs are of the opposite sign, and four times as large: sums over two halves of the data, squared."""
    found = scores(wave_network(), *wave_images(), 200.0)
    for name, values in golden("pruning_at_initialisation")["grasp"].items():
        expected = torch.tensor(values)
        assert float(expected.abs().max()) > 0.0
        # The file's values are normalised by nothing; single precision loses a few digits in tiny gradients.
        torch.testing.assert_close(
            -4.0 * found[name].reshape(-1), expected, rtol=2e-3, atol=1e-3 * float(expected.abs().max())
        )


def test_what_stays_has_the_highest_score_of_an_explicit_hessian() -> None:
    """In double precision, batch norm by the batch: θ ⊙ (H g) of 3 × 8 samples, H a matrix of 270 × 270."""
    torch.manual_seed(1)
    model = TinyNetwork().double().train()
    weights = prunable_parameters(model)
    batches = [(x.double(), y) for x, y in balanced_batches(calibration(), 8, 3)]
    flat = torch.cat([weight.detach().reshape(-1) for weight in weights.values()])

    def loss(values: Tensor) -> Tensor:
        parts = torch.split(values, [weight.numel() for weight in weights.values()])
        chosen = {name: part.reshape(weights[name].shape) for name, part in zip(weights, parts, strict=True)}
        total = sum(len(y) for _, y in batches)
        result = values.new_zeros(())
        for x, y in batches:
            buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
            result = (
                result + cross_entropy(functional_call(model, {**chosen, **buffers}, (x,)) / 200, y) * len(y) / total
            )
        return result

    gradient = torch.autograd.functional.jacobian(loss, flat)  # type: ignore[no-untyped-call]
    hessian = torch.autograd.functional.hessian(loss, flat)  # type: ignore[no-untyped-call]
    expected = (flat * (hessian @ gradient)).numpy()
    run = start(GraSP(GraSPConfig(per_class=8)), 0.5)
    kept = np.concatenate([mask.numpy().reshape(-1) for mask in run.pruner.masks.values()])
    threshold = np.sort(expected)[-count_for(0.5, 270)]
    clear = np.abs(expected - threshold) > 1e-5 * np.abs(expected).max()  # what single precision can tell apart
    assert clear.sum() > 250
    np.testing.assert_array_equal(kept[clear], (expected >= threshold)[clear])


def test_the_score_foretells_how_the_gradients_norm_changes() -> None:
    """Shrinking weight q by a little ε changes ``gᵀg`` by ``-2 ε`` times its score (equation 8 of the paper)."""
    images, labels = wave_images()
    model = wave_network().double()
    weights = prunable_parameters(model)

    def square() -> float:
        return sum(
            float(g.square().sum()) for g in loss_gradients(model, weights, [(images.double(), labels)]).values()
        )

    found, step = scores(model, images.double(), labels, 1.0), 1e-5
    for name, place in (("0.weight", 7), ("4.weight", 3), ("8.weight", 11)):
        entry = weights[name].detach().reshape(-1)
        before, value = square(), float(entry[place])
        entry[place] = value * (1.0 - step)
        change = square() - before
        entry[place] = value
        assert change == pytest.approx(-2.0 * step * float(found[name].reshape(-1)[place]), rel=1e-3)


@pytest.mark.parametrize("values", [{"per_class": 0}, {"temperature": 0.0}])
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="GraSPConfig needs"):
        GraSPConfig(**values)  # type: ignore[arg-type]
