"""Masks and weights at any level: the authors' database, what the losses promise, counts that add up."""

import numpy as np
import torch
from layerwise_problems import curved, error, golden_problem, linear, moments_of, problem
from wave_networks import golden

from zoo.layerwise import eliminate
from zoo.layerwise.inverse import curvature
from zoo.layerwise.levels import PrunedRows, level_counts, over_all, settled


def rows(seed: int = 0, size: int = 1) -> tuple[PrunedRows, np.ndarray]:
    weights, inputs, hessian = problem(seed=seed)
    found = curved(hessian)
    return PrunedRows(weights, found, eliminate(weights, found, size=size), size=size), inputs


def test_the_database_of_the_public_code_at_every_level() -> None:
    weights, inputs = golden_problem()
    moments = moments_of(linear(weights), inputs)
    found = curvature(moments.layer, moments.hessian(), 0.0)
    expected = golden("layerwise")["obc"]
    levels = [*zip(expected["levels"], expected["unstructured"], strict=True)]
    for size, cases in ((1, levels), (4, [(0.5, expected["blocked_half"])])):
        part = PrunedRows(weights[None], found, eliminate(weights[None], found, size=size), size=size)
        for level, values in cases:
            kept = part.kept(int(np.ceil(part.blocks * level)))
            assert torch.equal(kept[0], torch.tensor(values) != 0), level
            torch.testing.assert_close(part.fitted(kept)[0].float(), torch.tensor(values), rtol=2e-3, atol=2e-5)


def test_a_mask_leaves_exactly_so_many_and_the_losses_are_what_the_output_changes_by() -> None:
    for size in (1, 3):
        part, inputs = rows(size=size)
        for leaving in (0, 1, part.blocks // 2, part.blocks - 1, part.blocks):
            kept = part.kept(leaving)
            assert int((~kept).sum()) == leaving * size
            steps = (~kept[0]).sum(1) // size
            promised = sum(float(part.elimination.losses[row, : int(count)].sum()) for row, count in enumerate(steps))
            after = part.fitted(kept)[0].numpy()
            measured = error(inputs, part.weights[0].double().numpy(), after)
            np.testing.assert_allclose(measured, promised, rtol=1e-4, atol=1e-6)


def test_relative_losses_add_up_to_one_at_most_where_everything_leaves() -> None:
    part, _ = rows()
    np.testing.assert_allclose(float(part.relative_losses().sum()), 1.0, rtol=1e-5)


def test_one_ranking_of_all_layers_takes_the_cheapest_steps() -> None:
    losses = {"a": torch.tensor([[0.1, 0.5], [0.2, 0.9]]).double(), "b": torch.tensor([[0.05, 0.3]]).double()}
    assert over_all(losses, 3) == {"a": 2, "b": 1}
    assert over_all(losses, 0) == {"a": 0, "b": 0}
    assert over_all(losses, 6) == {"a": 4, "b": 2}


def test_counts_are_settled_by_the_cheapest_steps_more_or_the_dearest_fewer() -> None:
    losses = {"a": torch.tensor([[0.1, 0.5], [0.2, 0.9]]).double(), "b": torch.tensor([[0.05, 0.3]]).double()}
    assert settled(losses, {"a": 3, "b": 0}, 4) == {"a": 3, "b": 1}
    assert settled(losses, {"a": 3, "b": 1}, 2) == {"a": 1, "b": 1}
    assert settled(losses, {"a": 1, "b": 1}, 2) == {"a": 1, "b": 1}


def test_levels_are_those_of_the_paper() -> None:
    levels = level_counts(10_000, 0.9, 0.99).tolist()
    assert levels[:4] == [0, 1000, 1900, 2710]
    assert levels[-1] == 9900
    assert len(levels) == 45
    assert level_counts(3, 0.9, 0.99).tolist() == [0, 1, 2, 3]
