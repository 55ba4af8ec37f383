"""Blocks: whole, exact to less than one, by the sum that torch would sort."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.masks import count_for
from zoo.patterns import Block
from zoo.selection import SelectionConfig
from zoo.structures import structure_of
from zoo.structures.block import BlockStructure

SHAPES = {"a": (8, 4, 3), "b": (6, 8), "c": (3, 8), "d": (4, 16)}
TOTAL = 96 + 48 + 24 + 64


def drawn(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.rand(shape, generator=generator) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("allocation", SelectionConfig.allocations())
@settings(max_examples=25)
@given(sparsities=st.tuples(st.floats(0, 0.8), st.floats(0, 0.8)).map(sorted), seed=st.integers(0, 99))
def test_blocks_are_whole_nested_and_less_than_one_too_many(
    allocation: str, sparsities: list[float], seed: int
) -> None:
    structure, config = BlockStructure(SHAPES, Block(2, 4)), SelectionConfig(allocation)
    first = config.masks(drawn(seed), sparsities[0], None, structure)
    second = config.masks(drawn(seed + 1), sparsities[1], first, structure)
    for masks, sparsity in ((first, sparsities[0]), (second, sparsities[1])):
        assert structure.misfit(masks, sparsity) is None
        kept = sum(int(mask.sum()) for mask in masks.values())
        assert 0 <= kept - count_for(sparsity, TOTAL) < 8
        assert bool(masks["c"].all()), "three outputs are not tiled by two"
    assert not any(bool((second[name] & ~first[name]).any()) for name in SHAPES)


@pytest.mark.parametrize("aggregate", ["mean", "sum", "l2"])
def test_the_blocks_are_those_that_a_sort_of_unfolded_blocks_keeps(aggregate: str) -> None:
    score = torch.randn(8, 12).abs()
    mask = SelectionConfig().masks({"w": score}, 0.5, None, BlockStructure({"w": (8, 12)}, Block(2, 4, aggregate)))["w"]
    blocks = nn.functional.unfold(score[None, None], (2, 4), stride=(2, 4))[0].T  # (blocks, weights)
    size = blocks.norm(p=2 if aggregate == "l2" else 1, dim=1)
    kept = nn.functional.unfold(mask[None, None].float(), (2, 4), stride=(2, 4))[0].T.all(dim=1)
    assert set(size.argsort(descending=True)[:6].tolist()) == set(kept.nonzero().flatten().tolist())


def test_one_by_four_blocks_stay_within_a_kernel_position() -> None:
    score = torch.rand(4, 8, 3, 3)
    mask = SelectionConfig().masks({"w": score}, 0.5, None, BlockStructure({"w": (4, 8, 3, 3)}, Block(1, 4)))["w"]
    groups = mask.permute(0, 2, 3, 1).reshape(-1, 4).sum(dim=1)
    assert set(groups.tolist()) == {0, 4}


def test_pieces_and_other_counts_are_misfits_and_what_cannot_be_is_refused() -> None:
    structure = BlockStructure(SHAPES, Block(2, 4))
    masks = SelectionConfig().masks(drawn(0), 0.5, None, structure)
    broken = masks["d"].clone()
    broken[0, 0] = not bool(broken[0, 0])
    assert structure.misfit(masks | {"d": broken}, 0.5) == "not in whole blocks of 2x4 in d"
    assert structure.misfit(masks, 0.6) is not None
    with pytest.raises(MaskError, match="keep too much"):
        SelectionConfig().masks(drawn(0), 0.95, None, structure)
    with pytest.raises(UsageError, match="block:16x16 tiles no tensor here"):
        structure_of(Block(16, 16), nn.Linear(8, 8), tuple)
