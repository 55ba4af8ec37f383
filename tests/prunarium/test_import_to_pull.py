"""From somebody's torch.save to a model that others pull: import, check, publish, pull, all by the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from hub_fixture import RunningHub
from torch import nn
from torch.nn.utils import prune

from prunarium import cli
from registry.pull import pull
from zoo.core.files import sha256_of_file
from zoo.models import load_model

DENSE = "dense/resnet18/0.00-ours"
PRUNED = "gmp/resnet18/0.90-ours"


@pytest.fixture
def home(hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    monkeypatch.delenv("PRUNARIUM_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["db", "upgrade"]) == 0
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert cli.run([*arguments, "--json"]) == code
    shown = capsys.readouterr()
    return json.loads(shown.out) if shown.out else shown.err


@pytest.fixture(scope="module")
def pruned_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authors") / "pruned.pth"
    saved(path, 0.9)
    return path


def saved(path: Path, share: float) -> nn.Module:
    """torchvision's ResNet-18 with random weights, pruned by torch's own tools and saved as training scripts do."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model: nn.Module = torchvision.models.resnet18(num_classes=4).eval()
    if share:
        layers = [(one, "weight") for one in model.modules() if isinstance(one, (nn.Conv2d, nn.Linear))]
        prune.global_unstructured(layers, prune.L1Unstructured, amount=share)
    state = {f"module.{name}": value for name, value in model.state_dict().items()}
    torch.save({"epoch": 90, "state_dict": state}, path)
    return model


def test_a_foreign_checkpoint_becomes_one_that_others_pull(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(home / "dense.pth", 0.0)
    authors = saved(home / "pruned.pth", 0.9)
    common = ("--architecture", "resnet18", "--licence", "MIT", "--out", "models")
    run(capsys, "import", "dense.pth", *common, "--slug", DENSE)
    told = run(capsys, "import", "pruned.pth", *common, "--slug", PRUNED, "--parent", DENSE)
    assert told["importers"] == ["torch-prune"]
    assert told["changes"] == ["taken from 'state_dict'", "prefix 'module.' removed"]
    assert told["file_sha256"] == sha256_of_file(home / "pruned.pth")
    assert told["sparsity"] == pytest.approx(0.9, abs=1e-6)
    reports = run(capsys, "check", "models", "--no-catalogue")
    assert [report["ok"] for report in reports] == [True, True]
    assert {row["slug"] for row in run(capsys, "publish", "models")} == {DENSE, PRUNED}
    (row,) = run(capsys, "pull", PRUNED, "--out", "pulled")
    assert row
    assert not list((home / "pulled").rglob("*.pth"))
    images = torch.randn(2, 3, 64, 64)
    pulled = load_model(pull(PRUNED).path)
    with torch.no_grad():
        assert torch.equal(pulled(images), load_model(Path(told["path"]))(images))
        torch.testing.assert_close(pulled(images), authors(images), rtol=1e-5, atol=1e-5)
    card = (home / "pulled" / "README.md").read_text(encoding="utf-8")
    assert told["file_sha256"] in card


@pytest.mark.slow
def test_what_is_missing_is_said_before_a_check_refuses_it(
    home: Path, pruned_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["import", str(pruned_file), "--architecture", "resnet18"]) == 0
    shown = capsys.readouterr()
    assert "90.0000% of the prunable weights" in shown.out
    assert "--licence" in shown.err
    assert "--parent" in shown.err
    (folder,) = home.glob("imported-resnet18-0.90-*")
    assert "Next: prunarium check" not in shown.err  # it would refuse
    (report,) = run(capsys, "check", str(folder), "--no-catalogue", code=1)
    assert [reason["code"] for reason in report["reasons"]] == ["parent_missing", "licence_missing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pruned.pth", "--architecture", "resnet50"), "does not fit the architecture: missing"),
        (("pruned.pth", "--architecture", "resnet51"), "There is no architecture 'resnet51'"),
        (("pruned.pth", "--architecture", "resnet18", "--from", "str"), "It has those of torch-prune"),
        (("pruned.pth", "--architecture", "resnet18", "--from", "tensorflow"), "There is no importer 'tensorflow'"),
        (("absent.pth", "--architecture", "resnet18"), "There is no file absent.pth"),
        (("http://example.org/x.pth", "--architecture", "resnet18"), "Only https"),
        (("evil.pth", "--architecture", "resnet18"), "more than tensors"),
    ],
)
def test_a_wrong_input_is_one_clear_error(
    arguments: tuple[str, ...], message: str, home: Path, pruned_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "pruned.pth").symlink_to(pruned_file)
    torch.save(nn.Linear(2, 2), home / "evil.pth")
    assert cli.run(["import", *arguments, "--out", "out"]) in (1, 2)
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not (home / "out").exists()
