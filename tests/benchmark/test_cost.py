"""Costs are counted from bytes; latency is what a clock says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.cost import cost_of, latency_ms
from benchmark.scoring import score_cost
from benchmark.tasks import CostTask, Timing, find_task
from zoo.checkpoint.config import Preprocessing
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model


def _cost_task(version: int = 1) -> CostTask:
    task = find_task(f"cost@{version}")
    assert isinstance(task, CostTask)
    return task


def test_counts_equal_those_of_the_loaded_model(sparse_model: ModelFolder) -> None:
    model = load_model(sparse_model.path)
    cost = cost_of(sparse_model, model, _cost_task())
    assert cost.bytes == sparse_model.weights.stat().st_size
    assert cost.nonzeros == sum(int((value != 0).sum()) for value in model.parameters())


def test_flops_equal_a_count_of_multiplications_by_nonzero_weights(sparse_model: ModelFolder) -> None:
    model = load_model(sparse_model.path)
    total = 0

    def count(module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        total += 2 * int((weight != 0).sum()) * output[0, 0].numel()

    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    model(torch.zeros(1, *sparse_model.config.preprocessing.input_size))
    assert cost_of(sparse_model, load_model(sparse_model.path), _cost_task()).flops == total


def test_dense_flops_are_those_of_torchs_own_counter(sparse_model: ModelFolder) -> None:
    model = load_model(sparse_model.path)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *sparse_model.config.preprocessing.input_size))
    cost = cost_of(sparse_model, model, _cost_task())
    assert cost.flops_dense == counter.get_total_flops()
    assert (cost.flops or 0) < (cost.flops_dense or 0)


def test_version_2_measures_batches_as_well(sparse_model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    model, task = load_model(sparse_model.path), _cost_task(2)
    joules = iter([100.0, 109.2])
    monkeypatch.setattr("benchmark.cost.energy_meter", lambda _: lambda: next(joules))
    cost = cost_of(sparse_model, model, task)
    assert task.throughput == Timing(batch=32, repeats=20, warm_up=3)
    assert cost.throughput is not None
    assert cost.throughput.shape == (20,)
    # 32 images take longer than one, and less long than 32 single ones.
    assert cost.latency_ms is not None
    assert np.median(cost.throughput) > 1000 / np.median(cost.latency_ms)
    assert cost.energy_joules == pytest.approx(9.2 / (23 * 32))
    assert (cost.peak_memory_bytes or 0) > 4 * cost.nonzeros


def test_energy_that_nobody_reports_is_missing_with_the_reason(
    sparse_model: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.cost.energy_meter", lambda _: "this processor reports no energy")
    cost = cost_of(sparse_model, load_model(sparse_model.path), _cost_task(2))
    cells = {cell.measured.metric: cell.measured for cell in score_cost(_cost_task(2), cost)}
    assert list(cells) == [
        *("bytes", "nonzeros", "flops", "latency-ms"),
        *("flops-dense", "throughput", "peak-memory", "energy"),
    ]
    assert cells["energy"].value is None
    assert cells["energy"].missing_reason == "this processor reports no energy"
    assert all(cell.value is not None for name, cell in cells.items() if name != "energy")


def test_latency_times_each_repeat_after_warm_up() -> None:
    passes: list[tuple[int, ...]] = []

    class Counting(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            passes.append(tuple(x.shape))
            return x

    timings = latency_ms(Counting(), Preprocessing((1, 8, 8), (0.0,), (1.0,)), Timing(batch=3, repeats=5, warm_up=2))
    assert timings.shape == (5,)
    assert (timings > 0).all()
    assert passes == [(3, 1, 8, 8)] * 7


def test_latency_grows_with_work() -> None:
    preprocessing = Preprocessing((1, 8, 8), (0.0,), (1.0,))
    small, large = nn.Conv2d(1, 1, 3), nn.Sequential(nn.Conv2d(1, 64, 3), nn.Conv2d(64, 512, 3))
    medians = [float(np.median(latency_ms(model, preprocessing, Timing(8, 15, 3)))) for model in (small, large)]
    assert medians[0] < medians[1]


def test_unknown_positions_leave_flops_open(sparse_model: ModelFolder) -> None:
    bare = replace(sparse_model, config=replace(sparse_model.config, positions={}))
    assert cost_of(bare, load_model(sparse_model.path), _cost_task()).flops is None
