"""The engine as a whole on a small convolutional net, against explicit matrices in double precision."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from second_order_oracles import constrained_minimum, damped_fisher, gradients_one_by_one, small_problem
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.errors import LostDigitsError, NonFiniteGradientError
from zoo.second_order import BlockFisherInverse, BlockLayout, block_fisher_inverse, gradient_stream
from zoo.second_order.gradients import Gradients


def measured(size: int, damping: float, masks: dict[str, torch.Tensor] | None = None) -> BlockFisherInverse:
    net, weights, images, labels = small_problem()

    def stream(skip: int) -> Iterator[Gradients]:
        return gradient_stream(net, weights, images[skip:], labels[skip:], gradients_at_once=5, masks=masks)

    return block_fisher_inverse(stream, BlockLayout.of(weights, size), damping)


def saliency_of(fisher: BlockFisherInverse, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return fisher.layout.scatter(fisher.saliency(fisher.layout.gather(weights)))


def moved_by(
    fisher: BlockFisherInverse, weights: Mapping[str, Tensor], pruned: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    layout = fisher.layout
    return layout.scatter(fisher.updated(layout.gather(weights), layout.gather(pruned)))


def explicit_blocks(size: int, damping: float) -> list[tuple[str, slice, np.ndarray]]:
    """(tensor, weights of the block, damped Fisher) in the order of the layout, fillings left out."""
    net, weights, images, labels = small_problem()
    gradients = gradients_one_by_one(net, images, labels)
    return [
        (
            name,
            slice(start, min(start + size, weight.numel())),
            damped_fisher(gradients[name][:, start : start + size], damping),
        )
        for name, weight in weights.items()
        for start in range(0, weight.numel(), size)
    ]


@pytest.mark.parametrize("size", [1, 7, 10, 1000])
@pytest.mark.parametrize("damping", [1e-1, 1e-3])
def test_inverse_equals_the_explicit_one(size: int, damping: float) -> None:
    fisher = measured(size, damping)
    dense = fisher.dense().numpy()
    for block, (_, weights, matrix) in zip(dense, explicit_blocks(size, damping), strict=True):
        d = weights.stop - weights.start
        np.testing.assert_allclose(block[:d, :d], np.linalg.inv(matrix), rtol=1e-3, atol=1e-4 / damping)
        np.testing.assert_allclose(block[d:, d:], np.eye(len(block) - d) / damping, rtol=1e-5)


def test_saliency_and_update_equal_the_constrained_minimum_of_every_block() -> None:
    weights = small_problem()[1]
    fisher, pruned = measured(10, 1e-3), {name: torch.rand(weight.shape) < 0.4 for name, weight in weights.items()}
    scores, moved = saliency_of(fisher, weights), moved_by(fisher, weights, pruned)
    for name, span, matrix in explicit_blocks(10, 1e-3):
        w = weights[name].detach().flatten()[span].double().numpy()
        leaving = pruned[name].flatten()[span].numpy()
        np.testing.assert_allclose(
            scores[name].flatten()[span].numpy(), w**2 / np.diag(np.linalg.inv(matrix)) / 2, rtol=1e-3
        )
        expected, _ = constrained_minimum(matrix, w, leaving)
        np.testing.assert_allclose(moved[name].flatten()[span].numpy(), expected, rtol=1e-3, atol=1e-5)


def test_fewer_gradients_than_weights_and_tiny_damping_is_still_right() -> None:
    """24 gradients of rank 24 for blocks of 54 and 60 weights: single precision is noise here."""
    fisher = measured(60, 1e-9)
    assert len(fisher.refined)
    weights = small_problem()[1]
    pruned = {name: torch.rand(weight.shape) < 0.4 for name, weight in weights.items()}
    moved = moved_by(fisher, weights, pruned)
    for row, (name, span, matrix) in enumerate(explicit_blocks(60, 1e-9)):
        truth = np.linalg.inv(matrix)
        unit = np.sqrt(np.outer(np.diag(truth), np.diag(truth)))
        block = fisher.dense()[row, : len(truth), : len(truth)].numpy()
        np.testing.assert_allclose(block / unit, truth / unit, atol=1e-2)
        w = weights[name].detach().flatten()[span].double().numpy()
        leaving = pruned[name].flatten()[span].numpy()
        change = moved[name].flatten()[span].double().numpy() - w
        _, best = constrained_minimum(matrix, w, leaving)
        assert change @ matrix @ change / 2 == pytest.approx(best, rel=1e-2, abs=1e-9)


def test_damping_below_every_number_format_is_a_clear_error() -> None:
    with pytest.raises(LostDigitsError, match=r"blocks of conv1\.weight, conv2\.weight, fc\.weight .* 24 gradients"):
        measured(60, 1e-30)


def test_only_lost_blocks_are_measured_again() -> None:
    """One tensor with a full-rank Fisher, one whose gradients are all alike."""
    generator = torch.Generator().manual_seed(0)
    gradients = {
        "healthy": torch.randn(50, 4, generator=generator),
        "alike": torch.ones(50, 4) + 1e-3 * torch.randn(50, 4, generator=generator),
    }
    layout = BlockLayout.of({name: g[0] for name, g in gradients.items()}, 4)
    runs: list[int] = []

    def stream(skip: int) -> list[Gradients]:
        runs.append(1)
        return [gradients]

    fisher = block_fisher_inverse(stream, layout, 1e-10)
    assert fisher.refined.tolist() == [1]
    assert len(runs) == 2
    truth = np.linalg.inv(damped_fisher(gradients["alike"].double().numpy(), 1e-10))
    np.testing.assert_allclose(fisher.dense()[1].numpy(), truth, rtol=1e-6)


def test_weights_without_gradient_cost_their_damping_and_move_nobody() -> None:
    layout = BlockLayout.of({"dead": torch.zeros(3)}, 3)
    fisher = block_fisher_inverse(lambda _skip: [{"dead": torch.zeros(5, 3)}], layout, 1e-7)
    weights = {"dead": torch.tensor([1.0, -2.0, 3.0])}
    torch.testing.assert_close(saliency_of(fisher, weights)["dead"], 1e-7 * weights["dead"] ** 2 / 2)
    moved = moved_by(fisher, weights, {"dead": torch.tensor([True, False, False])})["dead"]
    assert moved.tolist() == [0.0, -2.0, 3.0]


def test_masked_gradients_give_the_inverse_of_the_kept_submatrix() -> None:
    weights = small_problem()[1]
    masks = {name: torch.rand(weight.shape) < 0.5 for name, weight in weights.items()}
    dense = measured(10, 1e-3, masks).dense().numpy()
    for block, (name, span, matrix) in zip(dense, explicit_blocks(10, 1e-3), strict=True):
        kept = masks[name].flatten()[span].numpy()
        own = np.linalg.inv(matrix[np.ix_(kept, kept)])
        np.testing.assert_allclose(block[: len(kept), : len(kept)][np.ix_(kept, kept)], own, rtol=1e-3, atol=1e-2)


def test_a_bad_gradient_names_its_tensor() -> None:
    net, weights, images, labels = small_problem()
    with torch.no_grad():
        net.conv2.weight[0, 0, 0, 0] = float("nan")
    layout = BlockLayout.of(weights, 10)
    with pytest.raises(NonFiniteGradientError, match=r"conv1\.weight"):
        block_fisher_inverse(lambda _skip: gradient_stream(net, weights, images, labels), layout, 1e-3)


@pytest.mark.parametrize("damping", [0.0, -1.0, float("nan")])
def test_damping_must_be_positive(damping: float) -> None:
    with pytest.raises(UsageError, match="above zero"):
        block_fisher_inverse(lambda _skip: [], BlockLayout.of({"a": torch.zeros(2)}, 2), damping)


def test_an_empty_stream_is_an_error() -> None:
    with pytest.raises(UsageError, match="at least one gradient"):
        block_fisher_inverse(lambda _skip: [], BlockLayout.of({"a": torch.zeros(2)}, 2), 1.0)
