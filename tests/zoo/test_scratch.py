"""Measurements under way on disk: found again by who made them, by nobody else, and gone when they are of no use."""

from pathlib import Path

import pytest
import torch

from zoo.scratch import Scratch, fingerprint

STATE = {"count": 3, "total": torch.arange(4.0)}


def test_a_state_is_found_under_its_key_alone(tmp_path: Path) -> None:
    Scratch(tmp_path, "run", 0.0).slot("sums", "weights").write(STATE)
    found = Scratch(tmp_path, "run", 0.0).slot("sums", "weights").read()
    assert found is not None
    assert found["count"] == 3
    assert torch.equal(found["total"], STATE["total"])  # type: ignore[arg-type]
    assert Scratch(tmp_path, "run", 0.0).slot("sums", "other weights").read() is None
    assert Scratch(tmp_path, "other run", 0.0).slot("sums", "weights").read() is None
    assert Scratch(tmp_path, "run", 0.0).slot("other sums", "weights").read() is None


@pytest.mark.parametrize("content", [b"", b"nothing that torch wrote"])
def test_a_damaged_state_counts_as_none(tmp_path: Path, content: bytes) -> None:
    slot = Scratch(tmp_path, "run", 0.0).slot("sums", "weights")
    slot.path.write_bytes(content)
    assert slot.read() is None


def test_a_cut_off_state_counts_as_none(tmp_path: Path) -> None:
    slot = Scratch(tmp_path, "run", 0.0).slot("sums", "weights")
    slot.write(STATE)
    slot.path.write_bytes(slot.path.read_bytes()[:-40])
    assert slot.read() is None


def test_it_is_written_when_it_is_due_and_never_by_the_other_processes(tmp_path: Path) -> None:
    for seconds, writes, expected in ((0.0, True, True), (3600.0, True, False), (0.0, False, False)):
        slot = Scratch(tmp_path, "run", seconds, writes=writes).slot("sums", f"{seconds} {writes}")
        slot.write_if_due(lambda: STATE)
        assert (slot.read() is not None) is expected


def test_clearing_leaves_the_rest_of_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").touch()
    scratch = Scratch(tmp_path, "run", 0.0)
    scratch.slot("sums", "weights").write(STATE)
    (tmp_path / ".measuring-sums.pt.1234.part").touch()  # what a kill left
    Scratch(tmp_path, "run", 0.0, writes=False).clear()
    assert len(list(tmp_path.iterdir())) == 3
    scratch.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_a_fingerprint_sees_names_shapes_kinds_and_every_bit() -> None:
    tensors = {"a": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.bool)}
    others = [
        {"c": tensors["a"], "b": tensors["b"]},
        {**tensors, "a": torch.zeros(3, 2)},
        {**tensors, "a": torch.zeros(2, 3, dtype=torch.int32)},
        {**tensors, "a": -torch.zeros(2, 3)},
    ]
    same = {"b": tensors["b"].clone(), "a": torch.zeros(3, 2).T}
    assert fingerprint(same) == fingerprint(tensors)
    assert fingerprint(tensors) not in {fingerprint(other) for other in others}
    assert fingerprint({"number": torch.tensor(3)}) != fingerprint({"number": torch.tensor(4)})
