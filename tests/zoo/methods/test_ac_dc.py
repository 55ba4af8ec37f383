"""AC/DC's phases against the authors' configuration, its compressions against torch's pruning, its decompressions."""

import pytest
import torch
from pruning_runs import TinyNetwork, start
from torch.nn.utils import prune

from zoo.core.errors import UsageError
from zoo.methods.ac_dc import ACDC, ACDCConfig

SLOW = ACDCConfig(phase=0.2, phases=3)  # of 24 steps: compressed 2-6, dense 7-11, compressed 12-15, dense, compressed


def test_phases_are_those_of_the_authors_configuration() -> None:
    """IST-DASLab/ACDC @ac53210, iht_imagenet_resnet50_insta_cosinelr_s90_ep100.yaml: [start, frequency, end)."""
    compress = [*range(10, 71, 10), 85]
    restore = [*range(15, 66, 10), 75]
    schedule = ACDCConfig().schedule(100)
    assert list(schedule.edges[::2]) == compress
    assert list(schedule.edges[1::2]) == restore
    assert sum(schedule.is_compressed(epoch) for epoch in range(100)) == 50


def test_masks_stay_within_a_phase_and_a_dense_phase_has_none() -> None:
    run = start(ACDC(SLOW), 0.9).advance(24)
    schedule = SLOW.schedule(24)
    for step, masks in enumerate(run.masks):
        compressed = schedule.is_compressed(step + 1)
        for name, mask in masks.items():
            assert bool(mask.all()) != compressed, (step, name)
            if step and compressed and schedule.is_compressed(step):
                assert torch.equal(mask, run.masks[step - 1][name])
    assert [step for step in range(24) if schedule.is_compressed(step)] == [
        *range(2, 7),
        *range(12, 16),
        *range(20, 24),
    ]


def test_a_compression_equals_torchs_global_magnitude_pruning() -> None:
    run = start(ACDC(SLOW), 0.9).advance(11)  # the second compression follows with the next step
    for group in run.optimizer.param_groups:
        group["lr"] = 0.0
    reference = TinyNetwork()
    reference.load_state_dict(run.model.state_dict())
    modules = [reference.conv1, reference.conv2, reference.fc]
    prune.global_unstructured([(module, "weight") for module in modules], prune.L1Unstructured, amount=270 - 27)
    run.advance(1)
    for name, module in zip(("conv1", "conv2", "fc"), modules, strict=True):
        assert torch.equal(run.pruner.masks[f"{name}.weight"], module.get_buffer("weight_mask").bool())


def test_decompression_starts_pruned_weights_at_zero_without_momentum_and_they_learn() -> None:
    run = start(ACDC(SLOW), 0.5).advance(6)
    pruned = {name: ~mask for name, mask in run.pruner.masks.items()}
    run.advance(1)  # ends with the decompression
    assert not run.optimizer.state
    for name, weight in run.pruner.prunable.items():
        assert bool((weight[pruned[name]] == 0).all())
    run.advance(1)
    moved = torch.cat([weight[pruned[name]] != 0 for name, weight in run.pruner.prunable.items()])
    assert float(moved.double().mean()) > 0.9


def test_a_run_that_begins_compressed_is_pruned_before_its_first_step() -> None:
    run = start(ACDC(ACDCConfig(warm_up=0.0, phase=0.2, phases=3)), 0.9)
    assert run.pruner.sparsity() == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"phases": 2}, "odd number of phases"),
        ({"phase": 0.0}, "phase > 0"),
        ({"end": 0.7}, "end at 0.75 of the run"),
        ({"end": 1.1}, "between that and 1"),
    ],
)
def test_phases_that_do_not_fit_a_run_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ACDCConfig(**values)  # type: ignore[arg-type]  # what a recipe could say
