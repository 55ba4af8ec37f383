"""Masks made by hand for each pattern, masks that only look like one, and a judge that counts masks one by one."""

from collections.abc import Callable
from itertools import combinations
from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patterned_masks import Mask, blocked, grouped

from zoo.checkpoint.patterns import block_of, common_pattern, follows, group_of, pattern_of


@pytest.mark.parametrize(
    ("n", "m"), [(1, 2), (1, 4), (2, 4), (3, 4), (1, 8), (2, 8), (4, 8), (1, 16), (4, 16), (8, 32)])  # fmt: skip
@pytest.mark.parametrize("shape", [(16, 64), (16, 32, 3, 3)])
def test_n_of_m_is_found_along_the_input_dimension(n: int, m: int, shape: tuple[int, ...]) -> None:
    assert pattern_of(grouped(n, m, shape)) == f"{n}:{m}"


@pytest.mark.parametrize("size", [(4, 1), (1, 4), (2, 1), (1, 2), (2, 2), (4, 4), (8, 8), (16, 1), (16, 16), (8, 2)])
@pytest.mark.parametrize("shape", [(64, 64), (64, 32, 3, 3)])
def test_aligned_blocks_are_found_and_the_largest_is_named(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    assert pattern_of(blocked(*size, shape)) == f"block:{size[0]}x{size[1]}"


def test_a_block_that_is_not_aligned_is_none() -> None:
    assert pattern_of(np.roll(blocked(4, 1, (64, 64)), 1, axis=0)) == "unstructured"


@pytest.mark.parametrize("removed", [1, 7, 31])
@pytest.mark.parametrize("shape", [(32, 16), (32, 16, 3, 3), (32, 1, 3, 3)])
def test_whole_filters_are_channels_with_or_without_the_inputs_they_fed(removed: int, shape: tuple[int, ...]) -> None:
    mask = np.ones(shape, np.bool_)
    mask[np.random.default_rng(0).permutation(shape[0])[:removed]] = False
    assert pattern_of(mask) == "channel"
    if shape[1] > 1:
        mask[:, [0, 3, 5]] = False
        assert pattern_of(mask) == "channel"
        inputs_alone = np.ones(shape, np.bool_)
        inputs_alone[:, [0, 3, 5]] = False
        assert pattern_of(inputs_alone) == "channel"


def test_the_output_dimension_does_not_count_for_n_of_m() -> None:
    assert pattern_of(grouped(2, 4, (64, 64)).T) == "unstructured"


@pytest.mark.parametrize("density", [0.001, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3, 3), (256, 3, 7, 7), (10, 512), (32, 1, 3, 3)])
def test_random_masks_are_unstructured_at_any_density(density: float, shape: tuple[int, ...]) -> None:
    for seed in range(5):
        mask = np.random.default_rng(seed).random(shape) < density
        assert pattern_of(mask) in {"unstructured", "dense" if mask.all() else "empty"}
        assert (pattern_of(mask) == "unstructured") == (0 < mask.sum() < mask.size)


def test_one_weight_that_is_left_is_no_channel() -> None:
    """One output and one input are all that is alive, but so it would be wherever that weight stood."""
    mask = np.zeros((2048, 2048), np.bool_)
    mask[5, 700] = True
    assert pattern_of(mask) == "unstructured"


def test_small_random_masks_are_rarely_anything_else() -> None:
    """A layer of 2x2 to 8x8 weights is like a pattern by chance now and then: less than once in ten thousand."""
    rng = np.random.default_rng(0)
    seen = [pattern_of(rng.random((rng.integers(2, 9), rng.integers(2, 9))) < rng.random()) for _ in range(3000)]
    assert {*seen} <= {"unstructured", "dense", "empty"}


def test_masks_are_counted_as_the_rule_says() -> None:
    """The rule of chance against every one of the C(16, 8) masks of 4x4 weights that keep half."""
    count, found = 0, 0
    for kept in combinations(range(16), 8):
        mask = np.zeros(16, np.bool_)
        mask[list(kept)] = True
        rows = mask.reshape(4, 4)
        count += 1
        found += bool((rows.any(axis=1) == rows.all(axis=1)).all())
    assert (count, found) == (comb(16, 8), comb(4, 2))
    # Six in 12,870 is no proof, and so four filters of four are not called channels; eight of eight by eight are.
    assert log(found / count) > log(1e-6)
    assert pattern_of(np.repeat([[True], [False]], 4, axis=1).repeat(2, axis=0)) == "unstructured"
    assert pattern_of(np.repeat([[True], [False]], 8, axis=1).repeat(4, axis=0)) == "channel"


BROKEN: dict[str, tuple[Mask, str]] = {
    "2:4": (grouped(2, 4, (64, 64)), "unstructured"),
    "block:4x4": (blocked(4, 4, (64, 64)), "unstructured"),
    "channel": (np.repeat(np.arange(64)[:, None] % 3 > 0, 64, axis=1), "unstructured"),
}


@pytest.mark.parametrize("pattern", BROKEN)
def test_a_few_chance_zeros_do_not_hide_a_pattern_and_many_surplus_weights_do(pattern: str) -> None:
    mask, otherwise = BROKEN[pattern]
    rng = np.random.default_rng(1)
    thinned = mask & (rng.random(mask.shape) < 0.99)
    assert thinned.sum() < mask.sum()
    assert pattern_of(thinned) == pattern
    thin = mask & (rng.random(mask.shape) < 0.9)
    assert pattern_of(thin) == otherwise
    regrown = mask | (rng.random(mask.shape) < 0.1)
    assert pattern_of(regrown) == otherwise


def test_one_surplus_weight_ends_n_of_m() -> None:
    mask = grouped(2, 4, (64, 64))
    mask[np.unravel_index(np.flatnonzero(~mask)[0], mask.shape)] = True
    assert pattern_of(mask) == "unstructured"


@given(st.integers(0, 2**32 - 1), st.sampled_from(["4:8", "block:4x2", "channel", "unstructured"]))
def test_the_order_of_what_a_pattern_does_not_order_is_free(seed: int, pattern: str) -> None:
    """Permuting outputs keeps N:M; permuting kernel positions keeps everything; transposing turns blocks."""
    rng = np.random.default_rng(seed)
    makers: dict[str, Callable[[], Mask]] = {
        "4:8": lambda: grouped(4, 8, (16, 16, 3, 3), seed),
        "block:4x2": lambda: blocked(4, 2, (16, 16, 3, 3), 0.5, seed),
        "channel": lambda: np.broadcast_to((np.arange(16) % 5 > 0)[:, None, None, None], (16, 16, 3, 3)),
        "unstructured": lambda: rng.random((16, 16, 3, 3)) < 0.5,
    }
    mask = makers[pattern]()
    assert pattern_of(mask) == pattern
    turned = mask.reshape(16, 16, 9)[..., rng.permutation(9)].reshape(mask.shape)
    assert pattern_of(turned) == pattern
    if pattern != "block:4x2":
        assert pattern_of(mask[rng.permutation(16)]) == pattern
    else:
        assert pattern_of(mask.swapaxes(0, 1)) == "block:2x4"


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4, 6), (8,)])
def test_what_keeps_nothing_is_empty_and_what_keeps_all_is_dense(shape: tuple[int, ...]) -> None:
    assert pattern_of(np.zeros(shape, np.bool_)) == "empty"
    if 0 not in shape:
        assert pattern_of(np.ones(shape, np.bool_)) == "dense"


def test_a_vector_has_no_pattern() -> None:
    assert pattern_of(np.arange(8) > 3) == "unstructured"
    assert not follows(np.arange(8) > 3, "channel")


def test_a_mask_follows_wider_patterns_than_its_own() -> None:
    finest = grouped(1, 2, (64, 64))
    assert [follows(finest, name) for name in ("1:2", "2:4", "4:8", "1:4", "2:8", "block:1x2")] == [True] * 3 + [
        False
    ] * 3
    coarse = blocked(8, 8, (64, 64))
    assert [follows(coarse, f"block:{size}") for size in ("8x8", "4x1", "16x8")] == [True, True, False]
    assert not follows(coarse, "2:4")
    assert follows(coarse, "unstructured")
    assert not follows(coarse, "diagonal")
    assert follows(np.ones((4, 4), np.bool_), "2:4"), "what is not pruned contradicts no pattern"


@pytest.mark.parametrize(
    ("layers", "model"),
    [
        (["2:4", "2:4"], "2:4"),
        (["2:4", "dense", "empty"], "2:4"),
        (["1:2", "2:4"], "2:4"),
        (["1:2", "4:8", "2:4"], "4:8"),
        (["2:4", "1:4"], "unstructured"),
        (["2:4", "2:8"], "unstructured"),
        (["block:8x8", "block:4x4"], "block:4x4"),
        (["block:8x1", "block:1x8"], "unstructured"),
        (["channel", "channel"], "channel"),
        (["channel", "2:4"], "unstructured"),
        (["2:4", "unstructured"], "unstructured"),
        (["dense"], "unstructured"),
        ([], "unstructured"),
    ],
)
def test_a_model_has_the_pattern_that_all_its_pruned_layers_follow(layers: list[str], model: str) -> None:
    assert common_pattern(layers) == model
    assert common_pattern(reversed(layers)) == model


@pytest.mark.parametrize(
    "name", ["", "2:", ":4", "2:4:8", "block:", "block:4", "block:0x4", "block:4xx4", "02:4", "²:4"]
)
def test_names_that_are_no_patterns_have_no_numbers(name: str) -> None:
    assert (group_of(name), block_of(name)) == (None, None)
    assert common_pattern([name, "2:4"]) == "unstructured"
