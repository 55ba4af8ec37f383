"""The damped inverse against numpy in double precision, and the promise of its digit count."""

import numpy as np
import pytest
import torch
from second_order_oracles import damped_fisher, woodfisher_recursion

from zoo.second_order.inverse import TOLERANCE, invert_damped_


def gram(gradients: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """(blocks, m, B) gradients -> sums as the engine makes them, in ``dtype``."""
    g = torch.from_numpy(gradients).to(dtype)
    return g.mT @ g


@pytest.mark.parametrize("size", [1, 7, 50])
def test_equals_the_explicit_inverse(size: int) -> None:
    gradients = np.random.default_rng(0).normal(size=(3, 120, size))
    inverse = gram(gradients, torch.float32)
    lost = invert_damped_(inverse, 120, 1e-2)
    assert not lost.any()
    for block, g in zip(inverse.double().numpy(), gradients, strict=True):
        np.testing.assert_allclose(block, np.linalg.inv(damped_fisher(g, 1e-2)), rtol=1e-4, atol=1e-5)


def test_equals_the_woodfisher_recursion_in_any_order() -> None:
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(40, 12)) * 10.0 ** rng.uniform(-2, 0, size=12)
    inverse = gram(gradients[None], torch.float64)
    assert not invert_damped_(inverse, 40, 1e-5).any()
    for order in (np.arange(40), rng.permutation(40)):
        np.testing.assert_allclose(inverse[0].numpy(), woodfisher_recursion(gradients[order], 1e-5), rtol=1e-8)


def test_many_chunks_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    gradients = np.random.default_rng(2).normal(size=(9, 30, 6))
    once, often = gram(gradients, torch.float32), gram(gradients, torch.float32)
    invert_damped_(once, 30, 1e-3)
    monkeypatch.setattr("zoo.second_order.chunks.CHUNK_ELEMENTS", 2 * 6 * 6)
    invert_damped_(often, 30, 1e-3)
    assert torch.equal(once, often)


@pytest.mark.parametrize("scale_decades", [0, 4])
@pytest.mark.parametrize("damping", [1e-3, 1e-5, 1e-7, 1e-10])
@pytest.mark.parametrize("count", [8, 32, 200])
def test_a_block_that_is_not_called_lost_keeps_its_promise(count: int, damping: float, scale_decades: int) -> None:
    rng = np.random.default_rng(count)
    size = 40
    gradients = rng.normal(size=(20, count, size)) * 10.0 ** rng.uniform(-scale_decades, 0, size=(20, 1, size))
    gradients = gradients.astype(np.float32).astype(np.float64)
    inverse = gram(gradients, torch.float32)
    lost = invert_damped_(inverse, count, damping)
    for block, g, gone in zip(inverse.double().numpy(), gradients, lost.tolist(), strict=True):
        truth = np.linalg.inv(damped_fisher(g, damping))
        error = np.abs(np.diag(block) / np.diag(truth) - 1).max()
        assert gone or error <= TOLERANCE


def test_rank_without_damping_is_lost_in_single_and_kept_in_double_precision() -> None:
    gradients = np.random.default_rng(3).normal(size=(4, 32, 100)).astype(np.float32).astype(np.float64)
    single, double = gram(gradients, torch.float32), gram(gradients, torch.float64)
    assert invert_damped_(single, 32, 1e-7).all()
    assert not invert_damped_(double, 32, 1e-7).any()
    for block, g in zip(double.numpy(), gradients, strict=True):
        truth = np.linalg.inv(damped_fisher(g, 1e-7))
        unit = np.sqrt(np.outer(np.diag(truth), np.diag(truth)))  # entries of an inverse are known relative to this
        np.testing.assert_allclose(block / unit, truth / unit, atol=1e-6)


def test_nan_is_lost_and_stays_in_its_block() -> None:
    sums = torch.eye(3).repeat(2, 1, 1)
    sums[0, 1, 1] = float("nan")
    assert invert_damped_(sums, 1, 1.0).tolist() == [True, False]
    torch.testing.assert_close(sums[1], torch.eye(3) / 2)
