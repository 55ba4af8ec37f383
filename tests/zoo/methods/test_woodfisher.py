"""WoodFisher against its authors' program and explicit matrices."""

from typing import Any

import numpy as np
import pytest
import torch
from second_order_oracles import constrained_minimum
from second_order_runs import numpy_of, one_shot, true_blocks
from torch import Tensor
from wave_networks import golden, wave

from zoo.masks import count_for
from zoo.methods._block_surgeon import BlockSurgeonConfig
from zoo.methods.woodfisher import WoodFisherConfig
from zoo.second_order import BlockLayout, block_fisher_inverse
from zoo.second_order.surgery import Surgery

GRADIENTS = wave((24, 60), 0.7, 0.2) * 0.3
WEIGHTS = wave((6, 10), 1.1, 0.5)
THEIRS = golden("second_order")


def changed(kept: int, **settings: object) -> Tensor:
    """One change of the authors' problem: two layers, blocks of 12, to ``kept`` of 60 weights."""
    config: BlockSurgeonConfig = WoodFisherConfig(block_size=12, damping=1e-2, **settings)  # type: ignore[arg-type]
    weights = {"a": WEIGHTS[:2], "b": WEIGHTS[2:]}
    stream = {"a": GRADIENTS[:, :20].reshape(24, 2, 10), "b": GRADIENTS[:, 20:].reshape(24, 4, 10)}
    layout = BlockLayout.of(weights, config.block_size)
    surgery = Surgery(
        weights,
        {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()},
        layout,
        lambda part: block_fisher_inverse(lambda _skip: [stream], layout, config.damping, chosen=part),
    )
    (scores,) = surgery.look(lambda fisher, rows, _kept: (fisher.saliency(rows),))
    masks = config.masks(layout.scatter(scores), 1 - kept / 60)
    assert sum(int(mask.sum()) for mask in masks.values()) == kept
    return torch.cat([values.flatten() for values in surgery.remove(masks, config.mover).values()])


@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("woodfisher_joint", {}),
        ("woodfisher_joint_scaled", {"update_scale": 0.9}),
        ("woodfisher_independent", {"allocation": "uniform"}),
    ],
)
def test_weights_after_a_change_are_the_authors(case: str, settings: dict[str, object]) -> None:
    """At the count that their threshold leaves; 9 and 19 of two layers in the independent case."""
    found = changed(THEIRS[case]["kept"], **settings)
    np.testing.assert_allclose(found.numpy(), THEIRS[case]["weights"], rtol=1e-3, atol=1e-4)


def test_the_count_is_exact_also_where_scores_tie() -> None:
    """Their threshold removes every weight that ties with it, and the one at it: 29 and 28 of 60 instead of 30."""
    assert (THEIRS["woodfisher_joint"]["kept"], THEIRS["woodfisher_independent"]["kept"]) == (29, 28)
    for name in ("woodfisher", "obert", "block-fisher", "cap", "m-fac", "obd", "obs"):
        more: dict[str, Any] = {"samples_per_gradient": 2} if name == "m-fac" else {}
        pruner = one_shot(name, 0.5, **more)
        with torch.no_grad():
            for weight in pruner.prunable.values():
                weight.zero_()  # every score is the same
        pruner.after_step()
        kept = sum(int(mask.sum()) for mask in pruner.masks.values())
        assert kept == count_for(0.5, pruner.numel), name


@pytest.mark.parametrize("update", ["joint", "summed"])
def test_joint_reaches_the_minimum_on_its_support_and_summed_does_not(update: str) -> None:
    pruner = one_shot("woodfisher", damping=1e-3, block_size=20, update=update)
    before, blocks = numpy_of(pruner.prunable), true_blocks(pruner, 20, 1e-3)
    pruner.after_step()
    after, above = numpy_of(pruner.prunable), list[float]()
    for place, fisher in blocks:
        change = after[place] - before[place]
        least = constrained_minimum(fisher, before[place], after[place] == 0)[1]
        above.append(float(change @ fisher @ change) / 2 - least)
    assert (sum(above) < 1e-6) is (update == "joint")


def test_groups_of_samples_are_averaged_before_they_are_squared() -> None:
    """The authors' mini-batch: 4 gradients of 6 images are other curvature than 24 of one."""
    few, many = one_shot("woodfisher", gradients=4, samples_per_gradient=6, damping=1e-3), one_shot("woodfisher")
    for pruner in (few, many):
        pruner.after_step()
    assert not np.array_equal(numpy_of(few.masks), numpy_of(many.masks))


def test_part_by_part_is_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all inverses fit, every part is measured twice: to choose, and to move."""
    found = {}
    for name in ("woodfisher", "cap"):
        for free in (None, 3 * 4 * 10**2 * 4):  # four of nineteen blocks at a time
            monkeypatch.setattr("zoo.second_order.surgery.available_bytes", lambda _device, free=free: free)
            pruner = one_shot(name, block_size=10, damping=1e-3)
            pruner.after_step()
            found[name, free is None] = numpy_of(pruner.prunable)
        np.testing.assert_allclose(found[name, True], found[name, False], rtol=1e-5, atol=1e-7)
