"""Blocks of weights: contiguous, within one tensor, nothing lost."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.errors import UsageError
from zoo.second_order.blocks import BlockLayout, diagonals

SHAPES = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=4)


@given(SHAPES, st.integers(1, 700))
def test_scatter_undoes_gather(shapes: list[list[int]], size: int) -> None:
    tensors = {f"layer{i}.weight": torch.randn(shape) for i, shape in enumerate(shapes)}
    layout = BlockLayout.of(tensors, size)
    matrix = layout.gather(tensors)
    assert matrix.shape == (layout.blocks, layout.size)
    for name, tensor in layout.scatter(matrix).items():
        assert torch.equal(tensor, tensors[name])
    assert int(matrix.count_nonzero()) == sum(int(tensor.count_nonzero()) for tensor in tensors.values())


def test_a_block_holds_consecutive_weights_of_one_tensor() -> None:
    layout = BlockLayout.of({"a": torch.zeros(7), "b": torch.zeros(2, 2)}, 3)
    matrix = layout.gather({"a": torch.arange(1, 8), "b": torch.tensor([[10, 11], [12, 13]])})
    assert matrix.tolist() == [[1, 2, 3], [4, 5, 6], [7, 0, 0], [10, 11, 12], [13, 0, 0]]
    assert layout.names_of(torch.tensor([2])) == ["a"]
    assert layout.names_of(torch.tensor([4, 0])) == ["a", "b"]


def test_a_block_beyond_the_largest_tensor_is_one_block_per_tensor() -> None:
    layout = BlockLayout.of({"a": torch.zeros(7), "b": torch.zeros(2, 2)}, 10**6)
    assert (layout.blocks, layout.size) == (2, 7)


@pytest.mark.parametrize(("tensors", "size"), [({"a": torch.zeros(3)}, 0), ({}, 4), ({"a": torch.zeros(0, 3)}, 4)])
def test_nothing_to_cut_is_an_error(tensors: dict[str, torch.Tensor], size: int) -> None:
    with pytest.raises(UsageError):
        BlockLayout.of(tensors, size)


def test_diagonals_are_a_view() -> None:
    matrices = torch.zeros(2, 3, 3)
    diagonals(matrices).add_(1)
    assert torch.equal(matrices, torch.eye(3).expand(2, 3, 3))
