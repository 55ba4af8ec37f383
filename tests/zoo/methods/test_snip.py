"""SNIP: explicit multipliers, the public code's numbers, and what a sensitivity must not depend on."""

from functools import partial

import numpy as np
import pytest
import torch
from pruning_runs import TinyNetwork, calibration, start
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from wave_networks import golden, wave_images, wave_network

from zoo.core.errors import UsageError
from zoo.errors import CalibrationError
from zoo.loss_gradients import loss_gradients
from zoo.masks import count_for
from zoo.methods.snip import SNIP, SNIPConfig
from zoo.prunable import prunable_parameters
from zoo.pruner import Pruner
from zoo.scores import sensitivity


def scores(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    weights = prunable_parameters(model)
    return sensitivity(weights, loss_gradients(model, weights, [(images, labels)]))


def test_scores_equal_the_public_code() -> None:
    """Gradients of mask multipliers, normalised: they add up to 1."""
    found = scores(wave_network(), *wave_images())
    total = sum(float(score.sum()) for score in found.values())
    for name, values in golden("pruning_at_initialisation")["snip"].items():
        torch.testing.assert_close(found[name].reshape(-1) / total, torch.tensor(values), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_what_stays_are_the_weights_whose_multipliers_have_the_largest_gradients(batch_statistics: bool) -> None:
    """Multipliers c = 1 by autograd, one sort over all layers; with its statistics, batch by batch of ten images."""
    torch.manual_seed(1)
    model = TinyNetwork().train(batch_statistics)
    weights = {name: weight.detach().clone() for name, weight in prunable_parameters(model).items()}
    ones = {name: torch.ones_like(weight, requires_grad=True) for name, weight in weights.items()}
    loss = torch.zeros(())
    batches = list(calibration())
    for images, labels in batches:
        copies = {name: buffer.clone() for name, buffer in model.named_buffers()}
        masked = {name: weights[name] * one for name, one in ones.items()}
        loss = loss + cross_entropy(functional_call(model, {**masked, **copies}, (images,)), labels) / len(batches)
    gradients = torch.autograd.grad(loss, list(ones.values()))
    flat = np.concatenate([gradient.abs().numpy().reshape(-1) for gradient in gradients])
    keep = count_for(0.9, 270)
    run = start(SNIP(SNIPConfig(batch_statistics=batch_statistics)), 0.9)
    kept = np.concatenate([mask.numpy().reshape(-1) for mask in run.pruner.masks.values()])
    assert set(np.flatnonzero(kept)) == set(np.argsort(-flat)[:keep])


def test_scores_do_not_depend_on_how_a_factor_is_split_between_layers() -> None:
    """Rectifiers pass positive factors on: scaling a layer by 4 and the next one by 1/4 changes no score."""
    model = wave_network()
    before = scores(model, *wave_images())
    with torch.no_grad():
        model.get_parameter("0.weight").mul_(4.0)
        model.get_parameter("2.weight").div_(4.0)
    after = scores(model, *wave_images())
    for name in before:
        torch.testing.assert_close(after[name], before[name])


def test_only_as_many_samples_as_asked_for_are_looked_at() -> None:
    looked_at = []
    torch.manual_seed(1)
    model = TinyNetwork()
    model.register_forward_pre_hook(lambda _module, inputs: looked_at.append(len(inputs[0])))
    pruner = Pruner(model, SNIP(SNIPConfig(samples=17)), target=0.5, total_steps=1, seed=0, calibration=calibration)
    pruner.method.prepare(pruner)
    assert looked_at == [10, 7]


def test_the_first_layer_draws_the_class_that_it_was_shown() -> None:
    """Section 5.6 of the paper: weights that survive on images of one digit light up its silhouette."""
    digits = load_digits()
    torch.manual_seed(0)
    correlations = []
    for digit in (0, 1, 3):
        images = torch.tensor(digits.images[digits.target == digit][:100] / 16.0, dtype=torch.float32)
        shown = [(images, torch.full((100,), digit))]
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
        )
        pruner = Pruner(model, SNIP(), target=0.9, total_steps=1, seed=0, calibration=partial(iter, shown))
        pruner.method.prepare(pruner)
        drawn = pruner.masks["1.weight"].float().mean(0)
        correlations.append(float(torch.corrcoef(torch.stack([drawn, images.mean(0).reshape(-1)]))[0, 1]))
    assert min(correlations) > 0.8, correlations


def test_without_data_there_is_nothing_to_measure() -> None:
    with pytest.raises(CalibrationError, match="given no calibration data"):
        Pruner(TinyNetwork(), SNIP(), target=0.5, total_steps=1, seed=0).begin(lambda: torch.optim.SGD([torch.ones(1)]))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="samples >= 1, got 0"):
        SNIPConfig(samples=0)
