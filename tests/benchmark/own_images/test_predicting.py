"""Names and probabilities of single images, in the order given."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.own_images.finetuning import finetune
from benchmark.own_images.predicting import found_images, predict_images
from prunarium.cli import run
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError
from zoo.models import load_model

Pair = tuple[ModelFolder, ModelFolder]


@pytest.fixture(scope="module")
def tuned(pair: Pair, colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned") / "out"
    finetune(str(pair[1].path), f"folder:{colours}", out, compare=False)
    return out


def test_probabilities_are_the_networks(tuned: Path, tmp_path: Path, pair: Pair) -> None:
    """By hand: an image of the network's own size needs no resizing, only its mean and deviation."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    (answer,) = predict_images(tuned, [str(tmp_path / "noise.png")])
    preprocessing = pair[1].config.preprocessing
    x = (pixels / 255 - np.array(preprocessing.mean)) / np.array(preprocessing.std)
    with torch.no_grad():
        logits = load_model(tuned / "model")(torch.tensor(x.transpose(2, 0, 1)[None], dtype=torch.float32))
    expected = dict(zip(("blue", "green", "red"), logits.double().softmax(dim=1)[0].tolist(), strict=True))
    assert dict(zip(answer.classes, answer.probabilities, strict=True)) == pytest.approx(expected, abs=1e-6)
    assert list(answer.probabilities) == sorted(answer.probabilities, reverse=True)


def test_files_folders_and_patterns_in_order_and_once(colours: Path) -> None:
    red = str(colours / "red" / "1.png")
    found = found_images([red, str(colours / "blue"), str(colours / "*" / "1.png")])
    assert found[0] == Path(red)
    assert [path.parent.name for path in found[1:11]] == ["blue"] * 10
    assert found[11:] == [colours / "green" / "1.png"]
    with pytest.raises(UsageError, match="There is no image at"):
        found_images([str(colours / "*.tiff")])


def test_an_unreadable_image_is_told_and_the_others_are_answered(
    tuned: Path, colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    images = [str(broken), str(colours / "red" / "0.png")]
    assert run(["predict", str(tuned), *images, "--top", "1", "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["error"].startswith(f"{broken} is no image that can be read: its format is unknown.")
    assert (second["error"], [one["class"] for one in second["classes"]]) == (None, ["red"])
    assert run(["predict", str(tuned), images[1], "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "image,rank,class,probability"
    assert len(lines) == 4


def test_a_folder_without_a_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(tmp_path), "x.png"]) == 2
    assert "holds no model" in capsys.readouterr().err
    assert run(["predict", str(tmp_path / "gone"), "x.png"]) == 2
    assert "There is no folder" in capsys.readouterr().err
