"""The vector of kept weights and back."""

import torch

from zoo.second_order.kept_weights import NAME, KeptWeights

MASKS = {
    "a": torch.tensor([[True, False, True], [False, False, True]]),
    "b": torch.zeros(4, dtype=torch.bool),
    "c": torch.tensor([False, True]),
}
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4), "c": torch.tensor([7.0, 8.0])}


def test_kept_entries_in_order_and_back() -> None:
    kept = KeptWeights(MASKS)
    assert kept.count == 4
    vector = kept.gather(TENSORS)
    assert vector.tolist() == [0, 2, 5, 8]
    for name, tensor in kept.scatter(vector).items():
        assert torch.equal(tensor, TENSORS[name] * MASKS[name])


def test_gradients_of_the_kept_weights_alone_are_streamed() -> None:
    def stream(skip: int) -> list[dict[str, torch.Tensor]]:
        return [{name: torch.stack([tensor, 10 * tensor])[skip:] for name, tensor in TENSORS.items()}]

    kept = KeptWeights(MASKS)
    (gradients,) = kept.stream(stream)(0)
    assert gradients[NAME].tolist() == [[0, 2, 5, 8], [0, 20, 50, 80]]
    (gradients,) = kept.stream(stream)(1)
    assert gradients[NAME].tolist() == [[0, 20, 50, 80]]


def test_blocks_of_the_vector_and_one_block_of_all() -> None:
    kept = KeptWeights(MASKS)
    assert kept.layout(3).blocks == 2
    assert (kept.layout(100).blocks, kept.layout(100).size) == (1, 4)
