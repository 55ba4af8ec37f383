"""Batches in memory: every image once an epoch, any batch of any epoch again, equal shares for several processes."""

import pytest
import torch
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.train import WHOLE, MemoryBatches, Share, TrainingBatches, stream_seed


def numbered(n: int, batch_size: int, seed: int = 0, share: Share = WHOLE) -> MemoryBatches:
    return MemoryBatches(torch.arange(float(n)).reshape(n, 1, 1, 1), torch.arange(n), batch_size, seed, share)


def labels(batches: list[tuple[Tensor, Tensor]]) -> list[int]:
    return [label for _, y in batches for label in y.tolist()]


def test_every_image_once_in_a_new_order_each_epoch() -> None:
    data: TrainingBatches = numbered(10, 3)
    epochs = [list(data.epoch(index)) for index in range(2)]
    assert len(data) == 3
    assert data.batch_size == 3
    assert all(len(labels(epoch)) == 9 == len(set(labels(epoch))) for epoch in epochs)
    assert labels(epochs[0]) != labels(epochs[1])
    assert all(torch.equal(x.flatten().long(), y) for epoch in epochs for x, y in epoch)
    assert labels(list(data.for_calibration())) == list(range(10))


def test_any_place_of_any_epoch_can_be_asked_for_again() -> None:
    data = numbered(10, 3)
    wanted = [labels(list(numbered(10, 3).epoch(index))) for index in range(4)]
    for index, start in ((3, 0), (1, 2), (1, 0), (0, 1), (2, 3)):
        assert labels(list(data.epoch(index, start))) == wanted[index][3 * start :]
    assert labels(list(numbered(10, 3, seed=1).epoch(0))) != wanted[0]


def test_the_orders_are_one_stream_of_torchs_generator() -> None:
    # As the loop before it drew them: models that are there were made in this order.
    generator = torch.Generator().manual_seed(stream_seed(5, "order"))
    drawn = [torch.randperm(8, generator=generator).tolist() for _ in range(3)]
    assert [labels(list(numbered(8, 4, seed=5).epoch(index))) for index in range(3)] == drawn


def test_processes_share_each_batch_equally_and_leave_nothing_out() -> None:
    whole = list(numbered(24, 6).epoch(1))
    parts = [list(numbered(24, 6, share=Share(rank, 3)).epoch(1)) for rank in range(3)]
    for index, (_, y) in enumerate(whole):
        assert torch.equal(torch.cat([part[index][1] for part in parts]), y)
    with pytest.raises(
        UsageError, match=r"4 processes cannot share batches of 6 images equally\.\nChoose a batch size"
    ):
        numbered(24, 6, share=Share(0, 4))


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    data = numbered(5, 64)
    assert [len(y) for _, y in data.epoch(0)] == [5]
    assert data.batch_size == 5


def test_purposes_have_streams_of_their_own() -> None:
    seeds = [stream_seed(seed, purpose) for seed in (0, 1) for purpose in ("order", "pruner")]
    assert len(set(seeds)) == 4
    assert stream_seed(0, "order") == 2863927453757216  # pinned: another value would change every model
