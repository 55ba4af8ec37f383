"""A class of which the training and the calibration data hold no image: its gradients only ever push it away."""

import pruning_runs
import pytest
import torch
from pruning_runs import STEPS, start
from torch import Tensor

from zoo.masks import count_for
from zoo.methods import METHODS

CURVED = [name for name, kind in METHODS.items() if kind.facts.family in ("second-order", "bayesian")]


@pytest.fixture(autouse=True)
def only_two_of_three_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pruning_runs.batch

    def without_the_last(step: int) -> tuple[Tensor, Tensor]:
        images, labels = whole(step)
        return images, labels.clamp(max=1)

    monkeypatch.setattr(pruning_runs, "batch", without_the_last)


@pytest.mark.parametrize("name", CURVED)
def test_a_class_without_images_ends_in_finite_weights_at_the_target(name: str) -> None:
    run = start(name, 0.5).advance(STEPS).finish()
    weights = torch.cat([weight.detach().flatten() for weight in run.pruner.prunable.values()])
    assert torch.isfinite(weights).all()
    assert int((weights != 0).sum()) == count_for(0.5, run.pruner.numel)
    assert bool((run.model.get_parameter("fc.weight")[:2] != 0).any()), "the classes that are there"
