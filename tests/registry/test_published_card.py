"""Every line of code on a published card is run as it stands, and gives the model that was published."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from network_folders import write_network
from publishing import Publisher
from safetensors.torch import load_file
from sqlalchemy import Engine
from torch import nn

from prunarium.cli import run
from registry.publish import Published
from zoo.checkpoint.folder import CARD, SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import measure
from zoo.masks import masks_of
from zoo.models import load_model

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# Runs each block in a namespace of its own, then asks the model that it made for what the test compares.
RUNNER = """
import sys, torch
from pathlib import Path
images = torch.load("images.pt")
for number, path in enumerate(sorted(Path("blocks").glob("*.py"))):
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    model = names["model"]
    trained = model.training
    with torch.no_grad():
        logits = model.eval()(images)
    if "keep_sparse" in path.read_text():  # one step, as its reader would take next
        model.train()(images).square().mean().backward()
        names["optimizer"].step()
    masks = {name: weight != 0 for name, weight in model.state_dict().items() if name.endswith("weight")}
    torch.save((logits, masks), f"{path.stem}.pt")
"""


@dataclass(frozen=True)
class Read:
    """A published model and the code of its card."""

    source: ModelFolder
    published: Published
    commands: str
    blocks: list[str]


def publish_and_read(publisher: Publisher, place: Path, architecture: str, **options: Any) -> Read:
    dense = write_network(place / "dense", architecture=architecture, seed=4711, **options)
    publisher(dense)
    parent = measure(dense.weights).densified_hash
    source = write_network(
        place / "m", architecture=architecture, sparsity=0.9, seed=4711, parent_hash=parent, **options
    )
    published = publisher(source)
    card = Path(publisher.anonymous.hf_hub_download(published.repo_id, CARD, revision=published.commit)).read_text()
    found = _BLOCK.findall(card)
    assert {language for language, _ in found} == {"sh", "python"}
    assert card.count("```") == 2 * len(found), "no code outside of the blocks that are run"
    commands = "".join(code for language, code in found if language == "sh")
    return Read(source, published, commands, [code for language, code in found if language == "python"])


def same_masks(found: dict[str, torch.Tensor], model: nn.Module, but: str = "") -> bool:
    expected = masks_of(model)
    return all(torch.equal(found[name], mask) for name, mask in expected.items() if not but or not name.startswith(but))


def test_the_lines_for_a_network_of_the_zoo(
    publisher: Publisher, empty_catalogue: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = publish_and_read(publisher, tmp_path, "resnet8-digits")
    monkeypatch.setenv("PRUNARIUM_HUB", publisher.hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", empty_catalogue.url.render_as_string())
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for line in read.commands.splitlines():
        assert run(line.split()[1:]) == 0
    assert "keep_sparse" in read.blocks[-1]
    images = torch.rand(2, 1, 8, 8)
    original = load_model(read.source.path)
    for code in read.blocks:
        names: dict[str, Any] = {}
        exec(code, names)  # noqa: S102 - our own card
        if "num_classes" in code:
            assert names["model"](images).shape == (2, 10)
            assert same_masks({key: value != 0 for key, value in names["model"].state_dict().items()}, original, "fc")
        else:
            assert torch.equal(names["model"].eval()(images), original(images))


@pytest.mark.slow
def test_the_lines_for_a_network_of_timm_with_nothing_but_the_environment(publisher: Publisher, tmp_path: Path) -> None:
    """In processes of their own, with unmodified timm, safetensors and huggingface_hub, and an empty catalogue."""
    read = publish_and_read(publisher, tmp_path, "resnet18", classes=10)
    work = tmp_path / "work"
    (work / "blocks").mkdir(parents=True)
    for number, code in enumerate(read.blocks):
        (work / "blocks" / f"{number}.py").write_text(code)
    torch.save(images := torch.rand(2, 3, 64, 64), work / "images.pt")
    environ = {
        **os.environ, "PRUNARIUM_HUB": publisher.hub.endpoint, "HF_ENDPOINT": publisher.hub.endpoint,
        "HF_HOME": str(work / "hf"), "PRUNARIUM_HOME": str(work / "home"), "PYTHONPATH": str(ROOT),
        "PATH": f"{_cli(tmp_path)}:{os.environ['PATH']}",
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-ec", read.commands], cwd=work, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], cwd=work, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    original = load_model(read.source.path)
    expected = original(images)
    for number, code in enumerate(read.blocks):
        logits, masks = torch.load(work / f"{number}.pt")
        fresh = "num_classes" in code
        assert fresh or torch.equal(logits, expected), code
        assert same_masks(masks, original, "fc" if fresh else ""), code
    assert sum("timm.create_model" in code for code in read.blocks) == 2
    folder = work / read.published.repo_id.rpartition("/")[2]
    plain = load_file(folder / WEIGHTS)
    assert all(torch.equal(plain[name], value) for name, value in original.state_dict().items())
    assert load_file(publisher.anonymous.hf_hub_download(read.published.repo_id, SPARSE_WEIGHTS)).keys() == plain.keys()


def _cli(place: Path) -> Path:
    """A folder with the command ``prunarium`` of this checkout."""
    script = place / "bin" / "prunarium"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m prunarium "$@"\n')
    script.chmod(0o755)
    return script.parent
