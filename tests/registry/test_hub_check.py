"""The check of a model on a hub: what each step finds, and that nothing is fetched before it must be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from meddling_hub import meddling_hub
from network_folders import write_network
from sqlalchemy import Engine

from prunarium.cli import run
from registry.declarations import Declared
from registry.fetch import Fetcher
from registry.hub_check import HubReport, check_on_hub
from registry.sources import LocalSource
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.folder import PASSPORT, PROVENANCE, WEIGHTS, ModelFolder
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.strict import dump_json
from zoo.checkpoint.weights import SPARSE_WEIGHTS


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> ModelFolder:
    return write_network(tmp_path / "model", seed=3)


class Judge:
    """Uploads a folder and judges it, and knows which of the weights were asked for."""

    def __init__(self, hub: RunningHub, engine: Engine, cache: Path) -> None:
        self.hub, self.source, self.cache = hub, LocalSource(engine), cache
        self.owner = HfApi(endpoint=hub.endpoint, token=hub.token)

    def upload(self, name: str, folder: Path) -> str:
        repo_id = f"{self.hub.namespace}/hub-check-{name}"
        self.owner.create_repo(repo_id)
        return f"{repo_id}@{self.owner.upload_folder(repo_id=repo_id, folder_path=folder).oid}"

    def __call__(self, target: str, **options: Any) -> HubReport:
        asked: dict[str, Any] = {"endpoint": self.hub.endpoint, "cache": self.cache} | options
        return check_on_hub(target, source=self.source, **asked)

    def has(self, name: str) -> bool:
        return any(self.cache.rglob(name))


@pytest.fixture
def judge(hub: RunningHub, empty_catalogue: Engine, tmp_path: Path) -> Judge:
    return Judge(hub, empty_catalogue, tmp_path / "cache")


def codes(report: HubReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def test_a_good_model_is_fetched_whole_and_measured(judge: Judge, folder: ModelFolder) -> None:
    report = judge(judge.upload("good", folder.path))
    assert codes(report) == []
    assert report.passport is not None
    assert report.pulled is not None
    assert judge.has(WEIGHTS)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_header_is_judged_before_the_weights_are_fetched(sparse: bool, judge: Judge, folder: ModelFolder) -> None:
    tensors = [tensor for tensor in read_tensors(folder.weights) if tensor.name != "fc.bias"]
    tensors[0] = from_numpy(tensors[0].name, np.zeros((1, 2, 3), np.int64))
    write_tensors(folder.weights, tensors)
    if sparse:
        write_sparse(folder.path / SPARSE_WEIGHTS, tensors)
        folder.weights.unlink()
    (folder.path / PROVENANCE).write_bytes(dump_json(folder.provenance.to_dict() | {"licence": None}))
    (folder.path / "pytorch_model.bin").write_bytes(b"a pickle")
    report = judge(judge.upload(f"header-{sparse}", folder.path))
    assert codes(report) == ["pickle_present", "name_mismatch", "shape_mismatch", "licence_missing"]
    assert not judge.has(WEIGHTS)
    assert not judge.has(SPARSE_WEIGHTS)
    assert not judge.has("pytorch_model.bin")


def test_a_header_that_is_longer_than_the_first_request(
    judge: Judge, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.fetch._HEADER_BYTES", 100)
    assert codes(judge(judge.upload("long-header", folder.path))) == []


def test_sizes_are_judged_before_anything_is_fetched(
    judge: Judge, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.fetch.MAX_FILE_BYTES", 1000)
    monkeypatch.setattr(Fetcher, "get", lambda *_: pytest.fail("a file was fetched"))
    report = judge(judge.upload("large", folder.path))
    assert codes(report) == ["too_large"]
    assert f"{folder.weights.stat().st_size:,} bytes; at most 1,000" in report.reasons[0].detail


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x08" + b"\0" * 7 + b"not json"])
def test_weights_that_are_no_safetensors_file(content: bytes, judge: Judge, folder: ModelFolder) -> None:
    folder.weights.write_bytes(content)
    assert codes(judge(judge.upload(f"broken-{len(content)}", folder.path))) == ["bad_safetensors"]


def test_a_passport_that_says_nothing(judge: Judge, folder: ModelFolder) -> None:
    (folder.path / PASSPORT).write_text("{}")
    assert codes(judge(judge.upload("empty-passport", folder.path))) == ["passport_claim"]


def test_a_repository_without_anything_gives_every_reason(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    report = judge(judge.upload("empty", tmp_path / "empty"))
    assert codes(report) == ["bad_safetensors", "preprocessing_missing", "bad_description"]


def test_what_is_not_there_or_may_not_be_asked(judge: Judge) -> None:
    assert codes(judge(f"{judge.hub.namespace}/nothing")) == ["not_on_hub"]
    with meddling_hub(judge.hub.endpoint) as inside:
        elsewhere = judge("org/name", endpoint=inside.endpoint, allowed=[judge.hub.endpoint])
        named = judge(f"{inside.endpoint}/org/name", allowed=[judge.hub.endpoint])
    assert codes(elsewhere) == codes(named) == ["hub_not_allowed"]
    assert inside.sent == []


def test_a_pruned_model_needs_its_parent_and_is_told_how(judge: Judge, tmp_path: Path) -> None:
    target = judge.upload("orphan", write_network(tmp_path / "orphan", sparsity=0.9, seed=4).path)
    (reason,) = judge(target).reasons
    assert reason.code == "parent_missing"
    assert "--parent ORG/DENSE" in reason.explanation.remedy
    (named,) = judge(target, declared=Declared(parent="org/unknown@main")).reasons
    assert named.detail == "org/unknown@main is not in the catalogue"


def test_the_command_judges_a_hub_id_as_the_server_does(
    judge: Judge, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRUNARIUM_HUB", judge.hub.endpoint)
    target = judge.upload("command", folder.path)
    assert run(["check", target]) == 0
    assert f"{target}: passes" in capsys.readouterr().err
    assert run(["check", f"{judge.hub.namespace}/nothing"]) == 1
    assert "not_on_hub: " in capsys.readouterr().err
