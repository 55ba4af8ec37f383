"""What is asked for is what the passport measures: on plain, pointwise, depthwise, grouped and ill-fitting tensors."""

from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from zoo.checkpoint.patterns import common_pattern, pattern_of
from zoo.masks import Masks, sparsity_of
from zoo.patterns import Block, Channel, NByM, Pattern
from zoo.prunable import prunable_parameters
from zoo.scores import at_random
from zoo.selection import SelectionConfig
from zoo.structures import Structure, structure_of
from zoo.structures.block import BlockStructure
from zoo.structures.n_by_m import NByMStructure

KERNELS = st.sampled_from([(), (1, 1), (3, 3), (5,)])
WIDTHS = st.sampled_from([16, 18, 20, 27, 32, 48, 64])
TENSORS = st.lists(
    st.one_of(
        st.tuples(WIDTHS, WIDTHS, KERNELS).map(lambda three: (three[0], three[1], *three[2])),
        WIDTHS.map(lambda width: (width, 1, 3, 3)),  # depthwise
        WIDTHS.map(lambda width: (2 * width, width // 2, 3, 3)),  # two groups
    ),
    min_size=1,
    max_size=4,
)


def measured(masks: Masks) -> str:
    return common_pattern(pattern_of(mask.numpy()) for mask in masks.values())


def chosen(structure: Structure, shapes: dict[str, tuple[int, ...]], sparsity: float, seed: int) -> Masks:
    scores = at_random(shapes, torch.Generator().manual_seed(seed))
    allocation = ("global", "uniform", "erk")[seed % 3]
    masks = SelectionConfig(allocation).masks(scores, sparsity, None, structure)
    assert structure.misfit(masks, sparsity) is None
    return masks


@settings(max_examples=60, deadline=None)
@given(
    tensors=TENSORS, pattern=st.sampled_from([NByM(2, 4), NByM(1, 2), NByM(4, 8), NByM(1, 8)]), seed=st.integers(0, 99)
)
def test_n_by_m(tensors: list[tuple[int, ...]], pattern: NByM, seed: int) -> None:
    shapes = {"big": (32, 64), **{str(index): shape for index, shape in enumerate(tensors)}}
    masks = chosen(NByMStructure(shapes, pattern), shapes, pattern.sparsity, seed)
    assert measured(masks) == str(pattern)
    for name, shape in shapes.items():
        assert bool(masks[name].all()) == (shape[1] % pattern.m != 0)


@settings(max_examples=60, deadline=None)
@given(
    tensors=TENSORS,
    pattern=st.sampled_from([Block(1, 4), Block(4, 1), Block(2, 2), Block(4, 4), Block(1, 2, "l2")]),
    sparsity=st.sampled_from([0.2, 0.5, 0.8]),
    seed=st.integers(0, 99),
)
def test_blocks(tensors: list[tuple[int, ...]], pattern: Block, sparsity: float, seed: int) -> None:
    shapes = {"big": (64, 64), **{str(index): shape for index, shape in enumerate(tensors)}}
    tiled = [shape for shape in shapes.values() if shape[0] % pattern.rows == shape[1] % pattern.columns == 0]
    sparsity *= sum(map(prod, tiled)) / sum(map(prod, shapes.values()))  # what does not fit stays dense
    assert measured(chosen(BlockStructure(shapes, pattern), shapes, sparsity, seed)) == str(pattern)


def network(widths: list[int], kinds: list[str]) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1)]
    for before, width, kind in zip(widths, widths[1:], kinds, strict=False):
        layers += [nn.BatchNorm2d(before), nn.ReLU()]
        if kind == "depthwise":
            layers += [nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False), nn.BatchNorm2d(before)]
        layers.append(
            nn.Conv2d(before, width, 1 if kind == "pointwise" else 3, padding=0 if kind == "pointwise" else 1)
        )
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 10))


@settings(max_examples=12, deadline=None)
@given(
    widths=st.lists(st.sampled_from([16, 20, 27, 32]), min_size=2, max_size=4),
    kinds=st.lists(st.sampled_from(["plain", "pointwise", "depthwise"]), min_size=3, max_size=3),
    sparsity=st.sampled_from([0.3, 0.6]),
    seed=st.integers(0, 99),
)
def test_channels(widths: list[int], kinds: list[str], sparsity: float, seed: int) -> None:
    model = network(widths, kinds)
    shapes = {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}
    masks = chosen(structure_of(Channel(), model, lambda: (3, 6, 6)), shapes, sparsity, seed)
    assert measured(masks) == "channel"
    assert sparsity_of(masks) <= sparsity


@pytest.mark.parametrize("pattern", [NByM(2, 4), Block(1, 4)], ids=str)
def test_layers_that_no_pattern_fits_leave_the_others_word_alone(pattern: Pattern) -> None:
    model = network([16, 32], ["depthwise"])
    shapes = {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}
    assert measured(chosen(structure_of(pattern, model, tuple), shapes, 0.5, 0)) == str(pattern)
