"""``zoo inspect`` shows every tensor with its size, why it may (not) be pruned, and FLOPs that add up."""

import json
from pathlib import Path
from typing import Any

import pytest
from network_folders import write_network

from prunarium.cli import run
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.passport import measure
from zoo.inspection import inspect_architecture, inspect_folder


def test_resnet50_has_the_flops_of_the_literature() -> None:
    """4.09 · 10^9 multiply-adds, as STR's and RigL's tables state for the dense network."""
    found = inspect_architecture("resnet50", 1000)
    assert (found.parameters, found.prunable_elements) == (25_557_032, 25_502_912)
    assert round(found.flops_dense / 2 / 1e9, 2) == 4.09
    assert sum(tensor.prunable for tensor in found.tensors) == 54
    assert (found.prunable_nonzeros, found.flops_sparse) == (None, None)
    assert sum(tensor.elements for tensor in found.tensors if "statistic" not in tensor.reason) == found.parameters


def test_mobilenetv1_has_the_flops_of_its_paper() -> None:
    assert round(inspect_architecture("mobilenetv1", 1000).flops_dense / 2 / 1e6) == 569  # Howard et al., table 4


def test_a_folder_shows_its_zeros(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "model", sparsity=0.75)
    found = inspect_folder(folder.path)
    passport = measure(folder.weights, folder.config)
    assert found.prunable_nonzeros == passport.prunable_nonzeros
    assert {tensor.name: tensor.nonzeros for tensor in found.tensors if tensor.prunable} == {
        layer.name: layer.nonzeros for layer in passport.layers if layer.prunable
    }
    assert found.flops_sparse == 2 * sum(
        (tensor.nonzeros or 0) * (tensor.positions or 0) for tensor in found.tensors if tensor.prunable
    )
    assert 0 < found.flops_sparse < found.flops_dense


def output_of(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    assert run(["zoo", "inspect", *args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    document = output_of(capsys, "resnet8-digits", "--num-classes", "5")
    assert document["tensors"][0] == {
        "name": "conv1.weight",
        "shape": [8, 1, 3, 3],
        "elements": 72,
        "prunable": True,
        "reason": "weight of Conv2d",
        "nonzeros": None,
        "positions": 64,
        "flops": 2 * 72 * 64,
    }
    assert sum(row["prunable"] for row in document["tensors"]) == 10
    assert document["preprocessing"] == ARCHITECTURES["resnet8-digits"].preprocessing.to_dict()
    assert document["parameters"] == 19_645


def test_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "inspect", "resnet8-digits", "--num-classes", "5"]) == 0
    printed = capsys.readouterr().out
    assert "no, biases are never pruned" in printed
    assert "19,645 parameters, 19,304 of them in 10 prunable tensors" in " ".join(printed.split())
    assert "Sparsity" not in printed
    folder = write_network(tmp_path / "model", sparsity=0.75)
    assert run(["zoo", "inspect", str(folder.path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "75.00% sparse" in printed
    assert "Sparsity" in printed


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["resnet8-digit"], "Did you mean 'resnet8-digits'?"),
        (["resnet8-digits", "--num-classes", "-3"], "at least one, not -3"),
    ],
)
def test_a_users_mistake_is_one_clear_error(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "inspect", *args]) == 2
    assert message in capsys.readouterr().err
