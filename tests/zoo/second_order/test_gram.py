"""The streamed sums against outer products added one by one."""

import pytest
import torch

from zoo.second_order.blocks import BlockLayout
from zoo.second_order.gram import BlockGram

SHAPES = {"conv.weight": (4, 3, 3, 3), "fc.weight": (5, 7)}


def gradients(count: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(count, *shape, generator=generator) for name, shape in SHAPES.items()}


def summed(gram: BlockGram, *pieces: dict[str, torch.Tensor]) -> BlockGram:
    for piece in pieces:
        gram.add(piece)
    return gram


def layout(size: int) -> BlockLayout:
    return BlockLayout.of({name: torch.zeros(shape) for name, shape in SHAPES.items()}, size)


@pytest.mark.parametrize("size", [1, 4, 10, 1000])
@pytest.mark.parametrize("chunk", [1, 5, 11])
def test_sums_equal_a_loop_over_gradients(size: int, chunk: int) -> None:
    all_gradients, cut = gradients(11), layout(size)
    expected = torch.zeros(cut.blocks, cut.size, cut.size, dtype=torch.float64)
    for i in range(11):
        row = cut.gather({name: g[i] for name, g in all_gradients.items()}).double()
        for block, g in enumerate(row):
            expected[block] += torch.outer(g, g)
    pieces = [{name: g[i : i + chunk] for name, g in all_gradients.items()} for i in range(0, 11, chunk)]
    gram = summed(BlockGram(cut), *pieces)
    assert gram.count == 11
    torch.testing.assert_close(gram.total.double(), expected, rtol=1e-5, atol=1e-5)


def test_chosen_blocks_alone_are_the_same_blocks() -> None:
    cut = layout(10)
    chosen = torch.tensor([0, 3, 10, 13])  # of both tensors: 11 blocks of the convolution, then 4 of the head
    whole = summed(BlockGram(cut, dtype=torch.float64), gradients(6))
    part = summed(BlockGram(cut, chosen=chosen, dtype=torch.float64), gradients(6))
    assert torch.equal(part.total, whole.total[chosen])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30])
def test_a_bad_gradient_names_its_tensor(value: float) -> None:
    broken = gradients(3)
    broken["fc.weight"][1, 4, 6] = value
    assert summed(BlockGram(layout(10)), broken).non_finite() == ["fc.weight"]
    assert summed(BlockGram(layout(10), chosen=torch.tensor([0, 14])), broken).non_finite() == ["fc.weight"]
    assert summed(BlockGram(layout(10)), gradients(3)).non_finite() == []
