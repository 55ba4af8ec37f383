"""Inside the block the numerics are fixed; outside of it nothing has changed."""

import pytest
import torch

from benchmark.reproducible import THREADS, reproducible


def test_the_seed_decides_every_draw() -> None:
    draws = []
    for seed in (3, 3, 4):
        with reproducible(seed):
            draws.append(torch.rand(4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_threads_and_determinism_are_set_and_put_back() -> None:
    torch.set_num_threads(2)
    try:
        state = torch.random.get_rng_state()
        with reproducible(0):
            assert torch.get_num_threads() == THREADS == 1
            assert torch.are_deterministic_algorithms_enabled()
            torch.rand(1)
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.equal(torch.random.get_rng_state(), state)
    finally:
        torch.set_num_threads(1)


def test_they_are_put_back_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="x"), reproducible(0):
        raise ValueError("x")
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()
