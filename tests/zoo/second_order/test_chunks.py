"""Every block once, whatever the number of threads, and torch's own setting afterwards."""

from collections.abc import Iterator

import pytest
import torch

from zoo.second_order.chunks import over_chunks


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    before = torch.get_num_threads()
    monkeypatch.setattr("zoo.second_order.chunks.CHUNK_ELEMENTS", 4 * 10 * 10)
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", [10, 300])
@pytest.mark.parametrize("blocks", [0, 1, 4, 41])
def test_every_block_is_worked_on_once(threads: int, blocks: int, size: int) -> None:
    visits = torch.zeros(blocks, dtype=torch.int)

    def work(some: slice) -> None:
        visits[some] += 1

    over_chunks(work, blocks, size)
    assert (visits == 1).all()
    assert torch.get_num_threads() == threads


def test_an_error_arrives_and_the_threads_are_given_back(threads: int) -> None:
    def work(some: slice) -> None:
        if some.start == 8:
            raise ValueError("in the third slice")

    with pytest.raises(ValueError, match="third slice"):
        over_chunks(work, 41, 10)
    assert torch.get_num_threads() == threads
