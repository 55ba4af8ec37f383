"""N:M masks, and masks that only look like them."""

import numpy as np
import pytest

from zoo.checkpoint.patterns import common_pattern, n_of_m


def n_of_m_mask(n: int, m: int, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """``shape`` (out, in, ...): a random mask that keeps exactly n of each m consecutive inputs."""
    rng = np.random.default_rng(0)
    moved = (shape[0], *shape[2:], shape[1])
    ranks = rng.random((int(np.prod(shape)) // m, m)).argsort(axis=1)
    return np.moveaxis((ranks < n).reshape(moved), -1, 1)


@pytest.mark.parametrize(("n", "m"), [(1, 4), (2, 4), (4, 8)])
@pytest.mark.parametrize("shape", [(16, 64), (16, 32, 3, 3)])
def test_exact_patterns_are_found_along_the_input_dimension(n: int, m: int, shape: tuple[int, ...]) -> None:
    assert n_of_m(n_of_m_mask(n, m, shape)) == f"{n}:{m}"


def test_the_output_dimension_does_not_count() -> None:
    assert n_of_m(n_of_m_mask(2, 4, (64, 64)).T) == "unstructured"


@pytest.mark.parametrize("density", [0.02, 0.1, 0.25, 0.5])
def test_random_masks_are_unstructured_at_any_density(density: float) -> None:
    assert n_of_m(np.random.default_rng(0).random((64, 64)) < density) == "unstructured"


def test_a_few_chance_zeros_do_not_hide_the_pattern_but_one_surplus_weight_does() -> None:
    mask = n_of_m_mask(2, 4, (64, 64))
    mask[0, :8] = False
    assert n_of_m(mask) == "2:4"
    mask[1, :4] = True
    assert n_of_m(mask) == "unstructured"


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4, 6), (8,)])
def test_shapes_without_groups_are_unstructured(shape: tuple[int, ...]) -> None:
    assert n_of_m(np.zeros(shape, np.bool_)) == "unstructured"


def test_layers_that_disagree_make_an_unstructured_model() -> None:
    assert common_pattern(["2:4", "2:4"]) == "2:4"
    assert common_pattern(["2:4", "1:4"]) == "unstructured"
    assert common_pattern([]) == "unstructured"
