"""``prunarium inspect`` and ``check`` as a user runs them: what is one model, what differs, what is refused and why."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from network_folders import write_network
from safetensors.numpy import save_file

from prunarium.cli import run
from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.dtypes import from_numpy, to_numpy
from zoo.checkpoint.folder import CONFIG, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.strict import dump_json, read_json


def documents(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run([*args, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return write_network(tmp_path / "model", sparsity=0.9)


def packed(folder: ModelFolder) -> Path:
    write_sparse(folder.path / SPARSE_WEIGHTS, read_tensors(folder.weights))
    return folder.path / SPARSE_WEIGHTS


def test_one_model_is_measured_with_its_bytes_engines_and_timm(
    folder: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    document = documents(capsys, "inspect", str(folder.path))
    assert (document["same_model"], document["differences"]) == (True, {})
    (model,) = document["models"]
    passport = measure(folder.weights, folder.config).to_json()
    assert {key: model[key] for key in passport} == passport
    assert model["bytes"] == folder.weights.stat().st_size
    why = "timm has no network that computes what resnet8-digits does in these widths"
    assert model["timm"] == {"supported": False, "why": why}
    assert {engine["name"] for engine in model["engines"]} >= {"TensorRT, cuSPARSELt", "ONNX Runtime"}
    assert all(engine["source"].startswith("https://") for engine in model["engines"])


def test_dense_and_sparse_file_are_proven_one_model(
    folder: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sparse = packed(folder)
    beside = shutil.copytree(folder.path, tmp_path / "sparse only")
    (beside / WEIGHTS).unlink()
    for args in ([str(folder.path)], [str(folder.weights), str(sparse)], [str(folder.weights), str(beside)]):
        document = documents(capsys, "inspect", *args)
        assert document["same_model"]
        assert len(document["models"]) == 2
        assert len({model["densified_hash"] for model in document["models"]}) == 1
        assert document["models"][0]["bytes"] > 2 * document["models"][1]["bytes"]
        assert run(["inspect", *args]) == 0
        printed = capsys.readouterr()
        assert "One model: the densified hashes" in printed.err
        assert printed.out.count("densified hash") == 1, "one model is printed once"


def edited(folder: ModelFolder, place: Path, change: Any) -> Path:
    tensors = {tensor.name: tensor for tensor in read_tensors(folder.weights)}
    change(tensors)
    write_tensors(place, tensors.values())
    return place


def one_value(tensors: dict[str, Any]) -> None:
    values = to_numpy(tensors["fc.bias"]).copy()
    values[0] += 1
    tensors["fc.bias"] = from_numpy("fc.bias", values)


def one_weight_more(tensors: dict[str, Any]) -> None:
    values = to_numpy(tensors["fc.weight"]).copy()
    values.reshape(-1)[np.flatnonzero(values == 0)[0]] = 1
    tensors["fc.weight"] = from_numpy("fc.weight", values)


CHANGES: dict[str, tuple[Any, list[dict[str, str]]]] = {
    "value": (one_value, [{"what": "values", "detail": "1 of fc.bias"}]),
    "mask": (one_weight_more, [{"what": "masks", "detail": "1 of fc.weight"}]),
    "name": (lambda tensors: tensors.pop("fc.bias"), [{"what": "names", "detail": "only in the first fc.bias"}]),
    "shape": (
        lambda tensors: tensors.update({"fc.bias": from_numpy("fc.bias", np.zeros(6, np.float32))}),
        [{"what": "shapes", "detail": "fc.bias is [5] and [6]"}],
    ),
    "dtype": (
        lambda tensors: tensors.update({"fc.bias": from_numpy("fc.bias", to_numpy(tensors["fc.bias"]).astype("f8"))}),
        [{"what": "dtypes", "detail": "1 tensor is F32 and F64"}],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_two_models_are_told_apart_and_it_is_said_by_what(
    change: str, folder: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, expected = CHANGES[change]
    other = str(edited(folder, tmp_path / "other.safetensors", edit))
    document = documents(capsys, "inspect", str(folder.path), other, code=1)
    assert not document["same_model"]
    assert document["differences"] == {other: expected}
    assert run(["inspect", str(folder.path), other]) == 1
    printed = capsys.readouterr()
    assert f"{folder.path} and {other} are different models:" in printed.err
    assert f"  {expected[0]['what']}: {expected[0]['detail']}" in printed.err
    assert printed.out.count("densified hash") == 2


def test_a_folder_whose_two_files_disagree_fails(folder: ModelFolder, capsys: pytest.CaptureFixture[str]) -> None:
    packed(folder)
    edited(folder, folder.weights, one_value)
    assert not documents(capsys, "inspect", str(folder.path), code=1)["same_model"]
    (report,) = documents(capsys, "check", str(folder.path), "--no-catalogue", code=1)
    assert [reason["code"] for reason in report["reasons"]] == ["files_differ"]
    assert report["reasons"][0]["detail"] == "values: 1 of fc.bias"


def test_slugs_hub_ids_and_files_of_one_model(
    hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    write_network(tmp_path / "dense", seed=7301)
    (published,) = documents(capsys, "publish", str(tmp_path / "dense"))
    document = documents(capsys, "inspect", str(tmp_path / "dense"), published["slug"], published["repo_id"])
    assert document["same_model"]
    assert [model["model"] for model in document["models"]][1:] == [published["slug"], published["repo_id"]]


@pytest.mark.parametrize("config", ['{"architecture": "resnet50"}', "5", '["prunarium"]'], ids=["timm", "5", "list"])
def test_a_file_that_others_wrote_is_measured_without_a_description(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """timm's folders have a config.json of their own."""
    save_file({"fc.weight": np.eye(4, dtype=np.float32)}, tmp_path / WEIGHTS)
    (tmp_path / CONFIG).write_text(config)
    (model,) = documents(capsys, "inspect", str(tmp_path))["models"]
    assert (model["sparsity"]["prunable"], model["flops_dense"], model["timm"]) == (0.75, None, None)


def test_a_narrow_terminal_shows_the_first_columns_whole(
    folder: ModelFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["inspect", str(folder.path)]) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 60
    assert any("layer3.downsample.0.weight" in line and "%" in line for line in lines)


def test_a_model_for_timm_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_network(tmp_path / "model")
    config = ModelConfig("resnet50", 5, (), folder.config.preprocessing, "fc", "resnet50")
    (folder.path / CONFIG).write_bytes(dump_json(config.to_dict()))
    assert run(["inspect", str(folder.path)]) == 0
    assert "yes: timm builds it as resnet50" in capsys.readouterr().out


def test_check_lists_reasons_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_network(tmp_path / "model", sparsity=0.9)
    (passed,) = documents(capsys, "check", str(folder.path), "--no-catalogue")
    assert (passed["ok"], passed["reasons"]) == (True, [])
    (orphan,) = documents(capsys, "check", str(folder.path), code=1)
    assert [reason["code"] for reason in orphan["reasons"]] == ["parent_missing"]
    document = read_json(folder.path / PROVENANCE)
    (folder.path / PROVENANCE).write_bytes(dump_json({**document, "licence": None}))
    assert run(["check", str(tmp_path), "--no-catalogue"]) == 1
    printed = capsys.readouterr().err
    assert "licence_missing: Without a licence" in printed
    assert "SPDX" in printed
    assert "Asking" not in printed, "nobody is asked"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["inspect"], 2, "Missing argument"),
        (["inspect", "nowhere.safetensors"], 2, "There is no file or folder nowhere.safetensors"),
        (["inspect", "./nowhere"], 2, "There is no file or folder nowhere"),
        (["inspect", "{empty}"], 1, "model.safetensors is missing, and so is model.sparse.safetensors"),
        (["inspect", "{cut}"], 1, "model.safetensors"),
        (["inspect", "{text}"], 1, "text.txt"),
        (["inspect", "not-a-model"], 2, "'not-a-model' names no model"),
        (["check", "nowhere"], 2, "There is no folder nowhere"),
        (["check", "{empty}"], 2, "There is no model folder in"),
    ],
)
def test_a_mistake_is_one_clear_error(
    args: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"empty": tmp_path / "empty", "text": tmp_path / "text.txt"}
    places["empty"].mkdir()
    places["text"].write_text("no weights here, but longer than a header")
    folder = write_network(tmp_path / "cut")
    folder.weights.write_bytes(folder.weights.read_bytes()[:1000])
    assert run([part.format(cut=folder.path, **places) for part in args]) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
