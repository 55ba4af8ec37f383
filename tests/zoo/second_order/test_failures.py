"""What goes wrong with gradients in practice ends in the right answer, or in one error that says where."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from second_order_oracles import damped_fisher, gradients_one_by_one, small_problem
from second_order_runs import flat, numpy_of, one_shot, true_gradients
from torch import Tensor

from zoo.errors import NonFiniteGradientError
from zoo.masks import count_for
from zoo.methods import METHODS
from zoo.pruner import Pruner
from zoo.second_order import BlockLayout, CalibrationGradients, block_fisher_inverse
from zoo.second_order import gradients as gradients_module

MEASURING = [
    name for name, kind in METHODS.items() if kind.__module__.startswith("zoo.methods.") and hasattr(kind, "prune_once")
]
SETTINGS: dict[str, dict[str, Any]] = {"m-fac": {"samples_per_gradient": 2, "recomputations": 2}}


def test_they_are_the_seven() -> None:
    assert MEASURING == ["block-fisher", "cap", "m-fac", "obd", "obert", "obs", "woodfisher"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", MEASURING)
def test_an_image_whose_gradient_is_not_finite_is_named_with_the_tensors(name: str, value: float) -> None:
    net, _, images, labels = small_problem()
    images = images.clone()
    images[13, 0, 2, 2] = value

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, 7), torch.split(labels, 7), strict=True)

    method = METHODS[name](METHODS[name].config_type(**SETTINGS.get(name, {})))
    pruner = Pruner(net, method, target=0.5, total_steps=1, seed=0, calibration=batches)
    before = flat(pruner.prunable).clone()
    where = "samples 12 to 13" if name == "m-fac" else "sample 13"
    with pytest.raises(NonFiniteGradientError, match=rf"gradient of {where} of .* in conv1\.weight"):
        pruner.after_step()
    assert torch.equal(flat(pruner.prunable), before), "nothing was lost"
    assert pruner.sparsity() == 0.0


@pytest.mark.parametrize("name", MEASURING)
def test_dead_inputs_disturb_nobody(name: str) -> None:
    size: dict[str, Any] = {} if name in ("obd", "obs") else {"block_size": 4}
    more: dict[str, Any] = {"m-fac": {"gradients": 24, "samples_per_gradient": 1, "recomputations": 1}}.get(name, {})
    pruner = one_shot(name, 0.3, **more, **size)
    with torch.no_grad():
        pruner.model.get_parameter("bn.bias")[:3] = -100.0  # half of the second convolution's inputs
        pruner.model.get_parameter("conv2.bias").fill_(3.0)  # everything else is alive
    alive = torch.from_numpy(np.concatenate([(rows != 0).any(0) for rows in true_gradients(pruner).values()]))
    assert int((~alive).sum()) > 63 - 1
    pruner.after_step()
    assert torch.isfinite(flat(pruner.prunable)).all()
    assert int(flat(pruner.masks).sum()) == count_for(0.3, pruner.numel)
    if name == "obd":  # elsewhere a weight of little curvature costs no more than the damping says of a dead one
        assert not (alive & ~flat(pruner.masks)).any()


@pytest.mark.parametrize("name", MEASURING)
def test_blocks_that_are_all_pruned_already_stay_so(name: str) -> None:
    size: dict[str, Any] = {} if name in ("obd", "obs") else {"block_size": 9}
    pruner = one_shot(name, 0.6, **SETTINGS.get(name, {}), **size)
    held = {key: torch.ones_like(mask) for key, mask in pruner.masks.items()}
    held["conv1.weight"][:3] = False  # three blocks of nine
    pruner.set_masks(held)
    pruner.after_step()
    assert not pruner.masks["conv1.weight"][:3].any()
    assert int(flat(pruner.masks).sum()) == count_for(0.6, pruner.numel)
    assert torch.isfinite(flat(pruner.prunable)).all()


@pytest.mark.parametrize("name", MEASURING)
def test_fewer_gradients_than_weights_in_a_block_and_tiny_damping(name: str) -> None:
    """Rank 4 of 54 or more: what single precision loses is held in double; the count is right, the weights finite."""
    more: dict[str, Any] = {"recomputations": 2} if name == "m-fac" else {}
    pruner = one_shot(name, 0.5, gradients=4, samples_per_gradient=1, damping=1e-10, **more)
    pruner.after_step()
    assert int(flat(pruner.masks).sum()) == count_for(0.5, pruner.numel)
    assert torch.isfinite(flat(pruner.prunable)).all()


def test_a_class_without_a_sample_has_curvature_all_the_same() -> None:
    """Its logit is pushed down by every sample: the row of the classifier is measured as it is, not left at damping."""
    net, weights, images, labels = small_problem()
    labels = labels % 3  # the fourth class never comes
    layout = BlockLayout.of(weights, 12)
    stream = CalibrationGradients(net, weights, lambda: iter([(images, labels)]), 24)
    fisher = block_fisher_inverse(stream, layout, 1e-3)
    pruner = one_shot("obd")
    rows = gradients_one_by_one(pruner.model, images, labels)["fc.weight"][:, 36:]
    assert (rows**2).sum() > 0
    found = fisher.dense()[layout.spans()["fc.weight"]][3].numpy()
    np.testing.assert_allclose(found, np.linalg.inv(damped_fisher(rows, 1e-3)), rtol=1e-3, atol=1e-2)


def test_groups_that_do_not_fit_into_one_pass_are_summed_up_from_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    net, weights, images, labels = small_problem()

    def grouped() -> dict[str, Tensor]:
        stream = CalibrationGradients(net, weights, lambda: iter([(images, labels)]), 99, samples_per_gradient=8)
        chunks = list(stream())
        return {name: torch.cat([chunk[name] for chunk in chunks]) for name in weights}

    whole = grouped()
    monkeypatch.setattr(gradients_module, "IMAGE_BYTES", 3 * 4 * 4 * 4)  # three images
    for name, pieces in grouped().items():
        assert pieces.shape == (3, *weights[name].shape)
        torch.testing.assert_close(pieces, whole[name], rtol=1e-4, atol=1e-6)


def test_the_largest_portion_of_gradients_is_bounded_whatever_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """No buffer of all gradients: with room for eight, no tensor of the stream has more rows, of 24 or of 2,400."""
    net, weights, images, labels = small_problem()
    monkeypatch.setattr(gradients_module, "GRADIENT_BYTES", 8 * 174 * 4)
    seen: list[int] = []

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(10):
            yield images, labels

    def watched(skip: int) -> Iterator[Mapping[str, Tensor]]:
        for chunk in CalibrationGradients(net, weights, batches, 240)(skip):
            seen.append(len(chunk["fc.weight"]))
            yield chunk

    block_fisher_inverse(watched, BlockLayout.of(weights, 7), 1e-2)
    assert sum(seen) == 240
    assert max(seen) == 8


def test_the_truth_of_the_oracle() -> None:
    """Every tensor of the small net has gradients of its own: no test above passes because nothing is measured."""
    pruner = one_shot("obd")
    for rows in true_gradients(pruner).values():
        assert (rows**2).sum() > 0
    assert len(numpy_of(pruner.prunable)) == 174
