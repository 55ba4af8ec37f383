"""From scores to masks: exact counts under every allocation, nested where asked, against the authors' LAMP counts."""

from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.masks import count_for
from zoo.selection import LayerwiseConfig, SelectionConfig

# _compute_lamp_amounts of jaeho-lee/layer-adaptive-sparsity (commit 94e53b1) for the weights of `lamp_weights`:
# sparsity -> kept weights of each layer.
LAMP_COUNTS = {0.5: (177, 502, 85), 0.9: (54, 66, 33), 0.95: (27, 29, 20)}
LAMP_SHAPES = {"conv1": (8, 3, 3, 3), "conv2": (16, 8, 3, 3), "fc": (10, 16)}

SHAPES = st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple), min_size=1, max_size=6)


def lamp_weights() -> dict[str, Tensor]:
    """Distinct values without a random generator: three layers of different spread."""
    weights = {}
    for index, (name, shape) in enumerate(LAMP_SHAPES.items()):
        size = prod(shape)
        ramp = (torch.arange(size, dtype=torch.float64) * 7919 % size + 1) / size * (0.3 + 0.4 * index)
        weights[name] = ramp.pow(1 + index).reshape(shape).float()
    return weights


@pytest.mark.parametrize("sparsity", LAMP_COUNTS)
def test_lamp_keeps_as_many_per_layer_as_the_authors_code(sparsity: float) -> None:
    masks = SelectionConfig("lamp").masks(lamp_weights(), sparsity)
    assert tuple(int(mask.sum()) for mask in masks.values()) == LAMP_COUNTS[sparsity]


@pytest.mark.parametrize("allocation", SelectionConfig.allocations())
@given(shapes=SHAPES, sparsities=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), seed=st.integers(0, 99))
def test_masks_are_exact_and_can_be_nested_at_any_rise(
    allocation: str, shapes: list[tuple[int, ...]], sparsities: list[float], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = {str(index): torch.rand(shape, generator=generator) for index, shape in enumerate(shapes)}
    total = sum(map(prod, shapes))
    config = SelectionConfig(allocation)
    first = config.masks(scores, sparsities[0])
    other = {name: torch.rand(score.shape, generator=generator) for name, score in scores.items()}
    second = config.masks(other, sparsities[1], within=first)
    for masks, sparsity in ((first, sparsities[0]), (second, sparsities[1])):
        assert sum(int(mask.sum()) for mask in masks.values()) == count_for(sparsity, total)
    assert not any(bool((second[name] & ~first[name]).any()) for name in first)


@pytest.mark.parametrize("allocation", SelectionConfig.allocations())
def test_what_the_scope_leaves_dense_is_paid_for_by_the_others(allocation: str) -> None:
    masks = SelectionConfig(allocation, "no-stem-no-classifier").masks(lamp_weights(), 0.5)
    assert [bool(mask.all()) for mask in masks.values()] == [True, False, True]
    assert sum(int(mask.sum()) for mask in masks.values()) == count_for(0.5, 1528)
    with pytest.raises(MaskError, match="At sparsity 0.98 the layers that stay dense"):
        SelectionConfig(allocation, "no-stem-no-classifier").masks(lamp_weights(), 0.98)


def test_global_is_one_ranking_by_sort() -> None:
    weights = lamp_weights()
    masks = SelectionConfig().masks(weights, 0.9)
    ranked = sorted((float(value) for weight in weights.values() for value in weight.reshape(-1)), reverse=True)
    kept = sorted((float(value) for name in weights for value in weights[name][masks[name]]), reverse=True)
    assert kept == ranked[: count_for(0.9, 1528)]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="LayerwiseConfig knows the allocations uniform, er, erk, got 'global'"):
        LayerwiseConfig("global")
    with pytest.raises(UsageError, match="global, uniform, er, erk, lamp, got 'ekr'"):
        SelectionConfig("ekr")
    with pytest.raises(UsageError, match="A scope is one of"):
        SelectionConfig(scope="some")
