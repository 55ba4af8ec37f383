"""N:M: the best of every mask by brute force, torch's own rule for packing 2:4, nested on the way, and remainders."""

from itertools import combinations
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import prune

from zoo.core.errors import UsageError
from zoo.masks import Masks
from zoo.patterns import NByM
from zoo.scores import magnitude
from zoo.selection import SelectionConfig
from zoo.structures import Structure, structure_of
from zoo.structures.n_by_m import NByMStructure, best_of_groups

TWO_OF_FOUR = NByM(2, 4)


def masks_of(scores: dict[str, Tensor], pattern: NByM) -> Masks:
    structure = NByMStructure({name: tuple(score.shape) for name, score in scores.items()}, pattern)
    return SelectionConfig().masks(scores, pattern.sparsity, None, structure)


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([(1, 2), (1, 4), (2, 4), (3, 8)]), st.integers(0, 99))
def test_keeps_the_best_of_all_masks_of_each_group(
    outputs: int, groups: int, sizes: tuple[int, int], seed: int
) -> None:
    n, m = sizes
    weight = torch.randn(outputs, groups * m, 2, generator=torch.Generator().manual_seed(seed))
    mask = masks_of({"w": weight.abs()}, NByM(n, m))["w"]
    for row in range(outputs):
        for place in range(2):
            for first in range(0, groups * m, m):
                group = weight[row, first : first + m, place].abs()
                best = max(float(group[list(chosen)].sum()) for chosen in combinations(range(m), n))
                kept = mask[row, first : first + m, place]
                assert int(kept.sum()) == n
                assert float(group[kept].sum()) == pytest.approx(best)


def test_torch_packs_what_two_of_four_keeps_and_unpacks_the_same() -> None:
    """torch's reference packing (CUTLASS's layout) drops whatever is beyond two of four: nothing here is."""
    from torch.sparse._semi_structured_conversions import (
        sparse_semi_structured_from_dense_cutlass,
        sparse_semi_structured_to_dense_cutlass,
    )

    torch.manual_seed(0)
    weight = torch.randn(64, 128)
    pruned = (weight * masks_of({"w": weight.abs()}, TWO_OF_FOUR)["w"]).half()
    values, meta = sparse_semi_structured_from_dense_cutlass(pruned)  # type: ignore[no-untyped-call]
    assert values.shape == (64, 64)
    assert torch.equal(sparse_semi_structured_to_dense_cutlass(values, meta), pruned)  # type: ignore[no-untyped-call]
    unpatterned = weight.half()
    values, meta = sparse_semi_structured_from_dense_cutlass(unpatterned)  # type: ignore[no-untyped-call]
    assert not torch.equal(sparse_semi_structured_to_dense_cutlass(values, meta), unpatterned)  # type: ignore[no-untyped-call]


def test_a_convolution_is_grouped_as_its_matrix_with_channels_last_is() -> None:
    """K = (row, column, channel), the layout that sparse tensor cores are fed with."""
    weight = torch.randn(8, 16, 3, 3)
    mask = masks_of({"w": weight.abs()}, TWO_OF_FOUR)["w"]
    matrix = mask.to(memory_format=torch.channels_last).permute(0, 2, 3, 1).reshape(8, -1)
    assert torch.equal(matrix.reshape(8, -1, 4).sum(dim=-1), torch.full((8, 36), 2))


def test_torchs_local_pruning_of_each_group_agrees() -> None:
    weight = torch.randn(6, 8)
    groups = prune.L1Unstructured(2)
    expected = [
        groups.compute_mask(group, torch.ones(4))  # type: ignore[no-untyped-call]
        for group in weight.reshape(-1, 4)
    ]
    assert torch.equal(masks_of({"w": weight.abs()}, TWO_OF_FOUR)["w"], torch.stack(expected).reshape(6, 8).bool())


def test_ties_go_to_the_lower_input() -> None:
    assert best_of_groups(torch.ones(1, 4), TWO_OF_FOUR).tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("allocation", SelectionConfig.allocations())
@settings(max_examples=25)
@given(sparsities=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)).map(sorted), seed=st.integers(0, 99))
def test_the_way_there_is_nested_and_never_below_n(allocation: str, sparsities: list[float], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a": (3, 8, 2), "b": (5, 4), "c": (4, 6), "d": (2, 12)}
    structure = NByMStructure(shapes, TWO_OF_FOUR)
    config = SelectionConfig(allocation)

    def scores() -> dict[str, Tensor]:
        return {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}

    first = config.masks(scores(), sparsities[0], None, structure)
    second = config.masks(scores(), sparsities[1], first, structure)
    last = config.masks(scores(), 0.5, second, structure)
    fitting = prod((3, 8, 2)) + 20 + 24
    if allocation in ("global", "lamp"):
        zeros = [sum(int((~mask).sum()) for mask in masks.values()) for masks in (first, second, last)]
        assert zeros == [round(2 * sparsity * fitting / 2) for sparsity in (*sparsities, 0.5)]
    assert structure.misfit(last, 0.5) is None
    for before, after in ((first, second), (second, last)):
        assert not any(bool((after[name] & ~before[name]).any()) for name in shapes)
    assert bool(last["c"].all())


def test_what_is_left_out_stays_dense_and_is_told() -> None:
    stem, depthwise, pointwise = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 6, 1)
    model = nn.Sequential(stem, depthwise, pointwise)
    structure: Structure = structure_of(TWO_OF_FOUR, model, tuple)
    scores = magnitude({name: weight for name, weight in model.named_parameters() if name.endswith("weight")})
    masks = SelectionConfig().masks(scores, 0.5, None, structure)
    assert [bool(mask.all()) for mask in masks.values()] == [True, True, False]
    assert structure.misfit(masks, 0.5) is None
    pruned_stem = masks | {"0.weight": torch.zeros_like(masks["0.weight"])}
    assert structure.misfit(pruned_stem, 0.5) == "not all of 0.weight, whose inputs 4 does not divide"
    assert structure.misfit({name: torch.ones_like(mask) for name, mask in masks.items()}, 0.5) is not None
    one_more = masks["2.weight"].clone()
    one_more[0, one_more[0, :, 0, 0].nonzero()[0], 0, 0] = False
    assert structure.misfit(masks | {"2.weight": one_more}, 0.5) == "not 2 of each 4 inputs in 2.weight"
    with pytest.raises(UsageError, match="2:4 groups 4 inputs, and no tensor here"):
        structure_of(TWO_OF_FOUR, nn.Sequential(stem, depthwise), tuple)
