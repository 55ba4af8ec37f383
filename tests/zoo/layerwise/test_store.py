"""Eliminations on disk: found again, gone on with, never taken for another layer's, and no matter when damaged."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from layerwise_problems import curved, problem

from zoo.layerwise.store import EliminationStore

store_module = import_module("zoo.layerwise.store")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each call of the elimination had before it."""
    calls: list[int] = []
    real = store_module.eliminate

    def watched(*given: Any, done: Any = None, **more: Any) -> Any:
        calls.append(0 if done is None else len(done.order))
        return real(*given, done=done, **more)

    monkeypatch.setattr(store_module, "eliminate", watched)
    return calls


def test_what_was_eliminated_is_found_again(tmp_path: Path, counted: list[int]) -> None:
    weights, _, hessian = problem()
    first = EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    again = EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    assert counted == [0]
    assert torch.equal(first.order, again.order)
    assert torch.equal(first.losses, again.losses)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_other_weights_inputs_and_settings_are_other_files(tmp_path: Path, counted: list[int]) -> None:
    weights, _, hessian = problem()
    store = EliminationStore(tmp_path)
    store.eliminate(weights, curved(hessian))
    store.eliminate(weights + 1, curved(hessian))
    store.eliminate(weights, curved(hessian, 0.1))
    store.eliminate(weights, curved(hessian), size=4)
    store.eliminate(weights, curved(hessian), most=(2, 4))
    assert counted == [0] * 5
    assert len(list(tmp_path.iterdir())) == 5


def test_a_run_that_was_cut_off_goes_on_behind_the_last_saved_row(
    tmp_path: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, _, hessian = problem(rows=6)
    whole = EliminationStore(None).eliminate(weights, curved(hessian))
    monkeypatch.setattr(import_module("zoo.layerwise.eliminate"), "BATCH_BYTES", 2 * 12**2 * 4)
    monkeypatch.setattr(store_module, "SAVE_SECONDS", 0.0)
    written = store_module._write

    def killed(path: Path, done: Any) -> None:
        written(path, done)
        if len(done.order) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    monkeypatch.setattr(store_module, "_write", written)
    resumed = EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    assert counted == [0, 0, 4]
    assert torch.equal(resumed.order, whole.order)


def test_a_damaged_file_is_worked_out_again(tmp_path: Path, counted: list[int]) -> None:
    weights, _, hessian = problem()
    first = EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    again = EliminationStore(tmp_path).eliminate(weights, curved(hessian))
    assert counted == [0, 0]
    assert torch.equal(first.order, again.order)
