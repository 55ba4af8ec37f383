"""Every published recipe: its network and method exist, its settings are possible, it says where they were read."""

import json
import re
from pathlib import Path

import pytest

from prunarium.cli import run
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.slug import parse_slug
from zoo.core.errors import UsageError
from zoo.methods import METHODS
from zoo.recipes import published, published_names
from zoo.recipes._published import parse_published
from zoo.request import Request

FILE = """
title = "t"
method = "rigl"
architecture = "resnet50"
source = "s"
code = "c"
notes = "n"
train = { epochs = 3, milestones = [1, 2], schedule = "step" }
config = { interval = 7 }
targets."0.80" = { top1 = 0.5 }
targets."0.90" = { train = { epochs = 4 }, config = { drop = 0.2 } }
"""


@pytest.mark.parametrize("name", published_names())
def test_a_recipe_can_be_run_and_says_where_it_comes_from(name: str) -> None:
    entry = published(name)
    recipe = entry.resolve(seed=3)
    assert type(recipe.method) is METHODS[entry.method]
    assert recipe.train.seed == 3
    assert recipe.train.augment, "ImageNet is not trained without random crops"
    assert entry.data == "imagenet"
    assert ARCHITECTURES[entry.architecture].preprocessing.input_size[1:] == (224, 224)
    assert (entry.target == 0.0) == (entry.method == "dense")
    assert entry.top1 is None or 0.4 < entry.top1 < 0.85
    assert re.search(r"arXiv \d{4}\.\d{5}", entry.source), "a source names its paper"
    assert re.search(r"@[0-9a-f]{7}", entry.code), "code is named with its commit"
    assert entry.notes
    request = Request(entry.method, entry.architecture, entry.data, entry.target, 3, Path(), recipe=name)
    assert parse_slug(str(request.slug)).method == entry.method


def test_no_two_recipes_write_the_same_model() -> None:
    entries = [published(name) for name in published_names()]
    slugs = [(entry.method, entry.architecture, entry.target, entry.variant) for entry in entries]
    assert len(set(slugs)) == len(slugs)


def test_targets_are_recipes_and_their_own_settings_win() -> None:
    first, second = parse_published("x", FILE)
    assert (first.name, first.target, first.top1, second.name, second.top1) == ("x-80", 0.8, 0.5, "x-90", None)
    assert first.resolve().train.milestones == (1.0, 2.0)
    assert (first.resolve().train.epochs, second.resolve().train.epochs) == (3, 4)
    assert second.resolve(epochs=8, learning_rate=None).train.epochs == 8
    assert second.resolve(epochs=8).train.milestones == (2.0, 4.0)
    assert (second.resolve().method.config.interval, second.resolve().method.config.drop) == (7, 0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title", "titel"), "recipe x: unknown fields titel"),
        (('source = "s"', ""), "recipe x: missing fields source"),
        (("top1 = 0.5", "top5 = 0.5"), "unknown fields top5"),
        (("top1 = 0.5", 'top1 = "high"'), "expected"),
    ],
)
def test_unknown_missing_and_mistyped_keys_are_errors(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_published("x", FILE.replace(*change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("epochs = 3", "epochs = 3, speed = 1"), "x-80: there is no setting speed"),
        (("interval = 7", "intervall = 7"), "x-80: there is no setting intervall"),
        (('"rigl"', '"riggl"'), "Did you mean 'rigl'"),
        (("[1, 2]", "[2, 1]"), "in rising order"),
    ],
)
def test_settings_that_no_run_can_have_are_errors(change: tuple[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_published("x", FILE.replace(*change))[0].resolve()


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "recipes", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == published_names()
    found = {row["name"]: row for row in rows}["rigl-resnet50-erk-90"]
    assert (found["top1"], found["target"], found["train"]["batch_size"]) == (0.7307, 0.9, 4096)
    assert run(["zoo", "recipes"]) == 0
    assert "rigl-resnet50-erk-90" in capsys.readouterr().out


TRAIN = ["zoo", "train", "--data", "digits:0-4", "--out", "out"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([*TRAIN, "--recipe", "rigl-resnet50-erk-91"], "Did you mean 'rigl-resnet50-erk-9"),
        (TRAIN, "Give either --architecture, for a dense network, or --recipe"),
        ([*TRAIN, "--recipe", "rigl-resnet50-erk-90", "--architecture", "resnet50"], "Give either --architecture"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--device", "tpu"], "The device must be one of auto, cpu, cuda"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--precision", "fp8"], "precision must be one of fp32"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--batch-size", "0"], "A batch has at least one image, not 0"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--set", "speed=1"], "--set: there is no setting speed"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--set", "momentum"], "--set takes name=value"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--set", "seed=1"], "Seeds are given with --seeds"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--set", "epochs=2.5"], "Epochs are given with --epochs"),
        ([*TRAIN, "--architecture", "resnet8-digits", "--save-seconds", "-1"], "Seconds between states"),
    ],
)
def test_a_mistake_in_the_command_is_one_clear_error(
    args: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(args) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []
