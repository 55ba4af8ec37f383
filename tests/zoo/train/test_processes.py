"""Two processes train one network: the same masks in both, and what one process trains where nothing couples images."""

import sys
from pathlib import Path
from typing import Any

import harness
import pytest
import torch
from trains_in_a_group import uncoupled

from zoo.methods import METHODS
from zoo.pruner import OUTCOME_TOLERANCE
from zoo.train import WHOLE

# What could differ between processes: gradients (RigL), random numbers (SET), statistics in evaluation mode (Laplace).
KINDS = ("rigl", "set", "laplace-snr")


def train(folder: Path, names: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """What each process ended with, by method."""
    script = Path(sys.modules["trains_in_a_group"].__file__ or "")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    outcome = harness.run([*launch, str(folder), ",".join(names)], timeout_seconds=280)
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return {name: [torch.load(folder / f"{name}-{rank}.pt", weights_only=True) for rank in range(2)] for name in names}


def check(name: str, ranks: list[dict[str, Any]]) -> None:
    first, second = ranks
    assert (first["share"], second["share"]) == ((0, 2), (1, 2))
    for key, mask in first["masks"].items():
        assert torch.equal(mask, second["masks"][key]), f"{name}: the masks of {key} differ"
        assert torch.equal(first["weights"][key], second["weights"][key]), f"{name}: {key} differs"
        assert bool((first["weights"][key][~mask] == 0).all())
    for key, tensor in first["weights"].items():
        assert torch.equal(tensor, second["weights"][key]), f"{name}: {key} differs"
    assert first["losses"] == second["losses"]
    assert first["flops"] == second["flops"]
    facts = METHODS[name].facts
    assert first["sparsity"] == pytest.approx(0.5, abs=1e-9 if facts.exact_target else OUTCOME_TOLERANCE)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return train(tmp_path_factory.mktemp("group"), (*KINDS, "uncoupled"))


@pytest.mark.parametrize("name", KINDS)
def test_both_processes_hold_the_same_masks(name: str, trained: dict[str, list[dict[str, Any]]]) -> None:
    check(name, trained[name])


def test_two_processes_train_what_one_trains(trained: dict[str, list[dict[str, Any]]]) -> None:
    alone = uncoupled(WHOLE)
    for _ in alone:
        pass
    for rank in trained["uncoupled"]:
        for key, tensor in alone.model.state_dict().items():
            assert torch.allclose(tensor, rank["weights"][key], atol=1e-6), key
        assert rank["losses"] == pytest.approx([row.loss for row in alone.rows], rel=1e-5)


@pytest.mark.slow
def test_every_method_holds_the_same_masks_in_both_processes(tmp_path: Path) -> None:
    rest = tuple(name for name in METHODS if name not in (*KINDS, "dense"))
    for name, ranks in train(tmp_path, rest).items():
        check(name, ranks)
