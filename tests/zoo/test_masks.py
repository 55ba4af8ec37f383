"""Exact counts and ties by position; torch.nn.utils.prune is the independent judge."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import TinyNetwork
from torch.nn.utils import prune

from zoo.errors import MaskError
from zoo.masks import (
    count_for,
    keep_random,
    keep_top,
    keep_top_each,
    keep_top_global,
    sparsity_of,
)
from zoo.prunable import prunable_parameters

# Few distinct values, both zeros and infinities, so that most draws tie.
TIED = st.lists(st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0, float("inf"), float("-inf")]), min_size=1, max_size=60)


def oracle(scores: list[float], count: int) -> list[bool]:
    """Sort by score downwards, then by index."""
    chosen = set(sorted(range(len(scores)), key=lambda index: (-scores[index], index))[:count])
    return [index in chosen for index in range(len(scores))]


@given(TIED, st.data())
def test_keep_top_is_exact_and_breaks_ties_by_index(scores: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(scores)))
    assert keep_top(torch.tensor(scores), count).tolist() == oracle(scores, count)


@given(TIED, TIED, st.data())
def test_keep_top_global_ranks_all_tensors_together(a: list[float], b: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(a) + len(b)))
    masks = keep_top_global({"a": torch.tensor(a), "b": torch.tensor(b)}, count)
    assert masks["a"].tolist() + masks["b"].tolist() == oracle(a + b, count)


@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=60), st.data())
def test_a_smaller_count_is_nested_in_a_larger_one(scores: list[float], data: st.DataObject) -> None:
    large = data.draw(st.integers(1, len(scores)))
    small = data.draw(st.integers(0, large))
    values = torch.tensor(scores)
    assert not bool((keep_top(values, small) & ~keep_top(values, large)).any())


def test_within_keeps_nothing_that_was_pruned() -> None:
    scores = {"a": torch.tensor([9.0, 8.0, 7.0]), "b": torch.tensor([6.0, 5.0])}
    within = {"a": torch.tensor([False, True, True]), "b": torch.tensor([True, False])}
    masks = keep_top_global(scores, 2, within)
    assert (masks["a"].tolist(), masks["b"].tolist()) == ([False, True, True], [False, False])
    with pytest.raises(MaskError, match="Asked to keep 4 weights of 3 that are left"):
        keep_top_global(scores, 4, within)


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.5, 0.9, 0.98])
def test_global_masks_equal_torchs_own_pruning(sparsity: float) -> None:
    model = TinyNetwork()
    ours = keep_top_global(
        {name: weight.abs() for name, weight in prunable_parameters(model).items()}, count_for(sparsity, 270)
    )
    modules = {name: model.get_submodule(name) for name in ("conv1", "conv2", "fc")}
    prune.global_unstructured(
        [(module, "weight") for module in modules.values()], prune.L1Unstructured, amount=270 - count_for(sparsity, 270)
    )
    for name, module in modules.items():
        torch.testing.assert_close(ours[f"{name}.weight"], module.get_buffer("weight_mask").bool())


def test_layerwise_masks_equal_torchs_own_pruning() -> None:
    model = TinyNetwork()
    counts = {"conv1.weight": 7, "conv2.weight": 100, "fc.weight": 18}
    ours = keep_top_each({name: weight.abs() for name, weight in prunable_parameters(model).items()}, counts)
    for name in ("conv1", "conv2", "fc"):
        module = model.get_submodule(name)
        amount = ours[f"{name}.weight"].numel() - counts[f"{name}.weight"]
        prune.l1_unstructured(module, "weight", amount=amount)  # type: ignore[no-untyped-call]
        torch.testing.assert_close(ours[f"{name}.weight"], module.get_buffer("weight_mask").bool())


@pytest.mark.parametrize(
    ("scores", "count", "message"),
    [
        ([1.0, float("nan")], 1, "1 of 2 scores are not a number"),
        ([1.0], 2, "Asked to keep 2 of 1 weights"),
        ([1.0], -1, "Asked to keep -1 of 1 weights"),
    ],
)
def test_impossible_requests_are_refused(scores: list[float], count: int, message: str) -> None:
    with pytest.raises(MaskError, match=message):
        keep_top(torch.tensor(scores), count)


def test_errors_name_the_tensor_with_nan() -> None:
    with pytest.raises(MaskError, match="Scores of conv"):
        keep_top_global({"conv": torch.tensor([float("nan")])}, 1)
    with pytest.raises(MaskError, match="nothing to prune"):
        keep_top_global({}, 0)


@pytest.mark.parametrize("sparsity", [-0.1, 1.5, float("nan")])
def test_counts_refuse_what_is_no_fraction(sparsity: float) -> None:
    with pytest.raises(MaskError, match="between 0 and 1"):
        count_for(sparsity, 10)


def test_count_of_resnet50_at_ninety_percent() -> None:
    assert count_for(0.9, 25_502_912) == 25_502_912 - round(0.9 * 25_502_912) == 2_550_291


def test_random_masks_have_exact_counts_and_depend_on_the_generator_alone() -> None:
    shapes, counts = {"a": (4, 5), "b": (10,)}, {"a": 7, "b": 0}
    drawn = [keep_random(shapes, counts, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert [int(masks["a"].sum()) for masks in drawn] == [7, 7, 7]
    assert [int(masks["b"].sum()) for masks in drawn] == [0, 0, 0]
    assert drawn[0]["a"].shape == (4, 5)
    assert torch.equal(drawn[0]["a"], drawn[1]["a"])
    assert not torch.equal(drawn[0]["a"], drawn[2]["a"])


def test_random_masks_choose_every_position_equally_often() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = 4000
    hits = torch.stack([keep_random({"w": (10,)}, {"w": 3}, generator)["w"] for _ in range(draws)]).sum(dim=0)
    expected = draws * 0.3
    chi_squared = float(((hits - expected) ** 2 / expected).sum())
    assert chi_squared < 27.9  # 99.9 % quantile with nine degrees of freedom


def test_sparsity_counts_all_masks_together() -> None:
    masks = {"a": torch.tensor([True, False, False]), "b": torch.tensor([True])}
    assert sparsity_of(masks) == pytest.approx(0.5)
