"""Optimal Brain Damage against a loop over images, and against Laplace-SNR, which it must equal."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from second_order_oracles import small_problem
from second_order_runs import SAMPLES, flat, half_pruned, numpy_of, one_shot, true_gradients
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.masks import count_for, keep_top
from zoo.methods.laplace_snr import LaplaceSNR, LaplaceSNRConfig
from zoo.methods.obd import OBDConfig
from zoo.pruner import Pruner


def scores(pruner: Pruner, damping: float) -> Tensor:
    squares = np.concatenate([(rows**2).mean(0) for rows in true_gradients(pruner).values()])
    return torch.from_numpy(numpy_of(pruner.prunable) ** 2 * (squares + damping) / 2)


@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
@pytest.mark.parametrize("target", [0.2, 0.5, 0.9])
def test_the_cheapest_weights_leave_and_nothing_moves(target: float, damping: float) -> None:
    pruner = one_shot("obd", target, damping=damping)
    before, expected = flat(pruner.prunable), keep_top(scores(pruner, damping), count_for(target, pruner.numel))
    pruner.after_step()
    assert torch.equal(flat(pruner.masks), expected)
    assert torch.equal(flat(pruner.prunable), before * expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("prior", [1e-6, 1e-3, 1.0, 1e3])
def test_the_ranking_is_laplace_snrs_with_the_damping_that_matches_its_prior(prior: float, seed: int) -> None:
    """|w| √(N F + δ) and ½ w² (F + δ/N) order the weights alike; the masks are equal at every sparsity."""
    net, weights, images, labels = small_problem(seed)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, 7), torch.split(labels, 7), strict=True)

    for target in (0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        found = []
        for method in (
            LaplaceSNR(LaplaceSNRConfig(prior_precision=prior)),
            one_shot("obd", damping=prior / SAMPLES).method,
        ):
            values = {name: weight.detach().clone() for name, weight in weights.items()}
            pruner = Pruner(net, method, target=target, total_steps=1, seed=0, calibration=batches)
            pruner.after_step()
            found.append(flat(pruner.masks))
            for name, weight in weights.items():
                weight.data.copy_(values[name])
        assert torch.equal(*found), target


def test_it_is_the_mean_of_squares_and_not_the_square_of_the_mean() -> None:
    """A gradient averaged over a batch tells another story; it is used only where it is asked for."""
    alone, together = one_shot("obd"), one_shot("obd", samples_per_gradient=8)
    assert not torch.equal(flat(alone.masks), ~flat(together.masks))
    alone.after_step()
    together.after_step()
    assert not torch.equal(flat(alone.masks), flat(together.masks))


def test_what_had_left_stays_out_and_dead_weights_leave_first() -> None:
    pruner = one_shot("obd", 0.8)
    held = flat(half_pruned(pruner))
    with torch.no_grad():
        pruner.model.get_parameter("bn.bias").fill_(-100.0)
        pruner.model.get_parameter("conv2.bias").fill_(1.0)  # neither convolution has a gradient then
    classifier = pruner.masks["fc.weight"].clone()
    assert int(classifier.sum()) < count_for(0.8, pruner.numel)
    pruner.after_step()
    assert not (flat(pruner.masks) & ~held).any()
    assert torch.equal(pruner.masks["fc.weight"], classifier)


def test_no_damping_is_allowed_and_a_negative_one_is_not() -> None:
    assert OBDConfig(damping=0.0).damping == 0.0
    with pytest.raises(UsageError, match="damping"):
        OBDConfig(damping=-1.0)
