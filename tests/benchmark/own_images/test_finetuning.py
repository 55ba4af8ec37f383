"""A fine-tune keeps the zeros, loads again, is compared on the same images, and goes on where it was killed."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import harness
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

import prunarium
from benchmark.inference import extract, predict
from benchmark.own_images import finetuning
from benchmark.own_images.finetuning import NotFinetunedHereError, finetune
from benchmark.own_images.splitting import own_images
from benchmark.own_images.training import Recipe, train_on
from benchmark.predictions import Predictions
from benchmark.sparsity import zeros_of
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError
from zoo.models import load_model

Pair = tuple[ModelFolder, ModelFolder]
FULL: dict[str, Any] = {"epochs": 2, "batch_size": 8, "learning_rate": 0.05, "augment": False}


@pytest.fixture(scope="module")
def linear(pair: Pair, colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished linear fine-tune."""
    out = tmp_path_factory.mktemp("linear") / "out"
    finetune(str(pair[1].path), f"folder:{colours}", out)
    return out


def test_everything_is_there_and_as_the_receipt_says(linear: Path, pair: Pair) -> None:
    receipt = json.loads((linear / "receipt.json").read_text())
    assert set(receipt["files"]) == {
        "curve.csv", "curve.json", "curve.svg", "predictions.parquet", "predictions_parent.parquet", "split.json",
        "model/config.json", "model/model.safetensors", "model/prunarium.json",
    }  # fmt: skip
    for name, digest in receipt["files"].items():
        assert hashlib.sha256((linear / name).read_bytes()).hexdigest() == digest
    assert {path.name for path in linear.iterdir()} == {name.partition("/")[0] for name in receipt["files"]} | {
        "receipt.json"
    }
    with (linear / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["network"] for row in rows] == ["model"] * 9 + ["parent"] * 9
    ElementTree.fromstring((linear / "curve.svg").read_text())  # noqa: S314 - our own picture


def test_the_model_loads_again_sparse_and_answers_what_was_stored(linear: Path, pair: Pair, colours: Path) -> None:
    model = load_model(linear / "model")
    before, after = (zeros_of(one, without="fc") for one in (load_model(pair[1].path), model))
    assert all(bool((after[name] == mask).all()) for name, mask in before.items())
    assert sum(int(mask.sum()) for mask in before.values()) > 200_000
    images = own_images(f"folder:{colours}", 0)
    logits = predict(model, images.splits["test"].images, pair[1].config.preprocessing, 4)
    stored = Predictions.from_parquet((linear / "predictions.parquet").read_bytes())
    again = Predictions.from_logits(tuple(images.splits["test"].ids), images.splits["test"].labels, logits)
    assert again.ids == stored.ids
    assert (again.samples.columns.true_rank == stored.samples.columns.true_rank).all()
    assert (linear / "model" / "config.json").read_text().count('"red"') > 0


def test_the_head_is_scikit_learns(linear: Path, pair: Pair, colours: Path) -> None:
    """An independent solver of the same problem, on features that are standardised by hand."""
    images, preprocessing = own_images(f"folder:{colours}", 0), pair[1].config.preprocessing
    model = load_model(pair[1].path)

    def features(name: str) -> np.ndarray:
        return extract(model, "fc", images.splits[name].images, preprocessing, 64).numpy()

    rows = np.concatenate([features("train"), features("validation")])
    labels = np.concatenate([images.splits[name].labels for name in ("train", "validation")])
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-6 * np.abs(mean), scale, 1.0)
    penalty = json.loads((linear / "receipt.json").read_text())["model"]["notes"]["penalty"]
    solver = LogisticRegression(C=1 / (len(rows) * penalty), tol=1e-9, max_iter=20_000)
    expected = solver.fit((rows - mean) / scale, labels).predict_proba((features("test") - mean) / scale)
    logits = predict(load_model(linear / "model"), images.splits["test"].images, preprocessing, 64)
    found = torch.tensor(logits.values).double().softmax(dim=1).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_difference_is_paired_and_says_what_it_can(linear: Path) -> None:
    receipt = json.loads((linear / "receipt.json").read_text())
    change = receipt["difference"]["changes"]["top1@1"]
    values = [receipt[who]["numbers"]["top1@1"]["value"] for who in ("model", "parent")]
    assert change["value"] == pytest.approx(values[0] - values[1])
    assert change["low"] <= change["value"] <= change["high"]
    right = [
        Predictions.from_parquet((linear / name).read_bytes()).samples.columns.correct()
        for name in ("predictions.parquet", "predictions_parent.parquet")
    ]
    assert receipt["difference"]["mcnemar"]["only_first"] == int(((right[0] == 1) & (right[1] == 0)).sum())
    assert receipt["not_compared"] is None


def test_full_trains_what_is_not_pruned_and_keeps_the_rest_at_zero(pair: Pair, colours: Path, tmp_path: Path) -> None:
    done = prunarium.finetune(str(pair[1].path), f"folder:{colours}", tmp_path / "out", "full", compare=False, **FULL)
    before, after = load_model(pair[1].path), load_model(done.folder)
    for name, mask in zeros_of(before, without="fc").items():
        old, new = (model.get_parameter(name).detach() for model in (before, after))
        assert bool((new[mask] == 0).all()), name
        assert not bool((new == old)[~mask].all()), name
    assert done.receipt["parent"] is None
    assert done.receipt["not_compared"] == "it was left out on request"
    points = json.loads((tmp_path / "out" / "curve.json").read_text())
    assert [point["epoch"] for point in points] == [1.0, 2.0]
    assert {point["sparsity"] for point in points} == {done.receipt["sparsity"]["passport_after"]["sparsity"]}


def test_the_same_call_again_computes_nothing_and_another_one_is_refused(
    linear: Path, pair: Pair, colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetuning, "train_on", None)
    model, data = str(pair[1].path), f"folder:{colours}"
    assert finetune(model, data, linear).receipt == json.loads((linear / "receipt.json").read_text())
    with pytest.raises(NotFinetunedHereError, match="with other settings or images"):
        finetune(model, data, linear, seed=1)
    with pytest.raises(NotFinetunedHereError, match="holds no fine-tune"):
        finetune(model, data, pair[1].path)
    with pytest.raises(UsageError, match="--protocol is linear or full"):
        Recipe("lineal")


def test_what_was_finished_before_an_interruption_is_not_done_again(
    linear: Path, pair: Pair, colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = list[ModelFolder]()

    def interrupted(source: ModelFolder, *given: object) -> object:
        if trained:
            raise KeyboardInterrupt
        trained.append(source)
        return train_on(source, *given)  # type: ignore[arg-type]

    arguments = (str(pair[1].path), f"folder:{colours}", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(finetuning, "train_on", interrupted)
        with pytest.raises(KeyboardInterrupt):
            finetune(*arguments)
    assert not (tmp_path / "out" / "receipt.json").exists()
    with pytest.raises(NotFinetunedHereError, match="unfinished fine-tune with other settings"):
        finetune(*arguments, seed=3)

    def only_the_parent(source: ModelFolder, *given: object) -> object:
        assert source.path == pair[0].path
        return train_on(source, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(finetuning, "train_on", only_the_parent)
    assert finetune(*arguments).receipt == json.loads((linear / "receipt.json").read_text())


@pytest.mark.slow
def test_a_parent_that_cannot_be_had_is_said_and_stops_nothing(pair: Pair, colours: Path, tmp_path: Path) -> None:
    done = finetune(str(pair[1].path), f"folder:{colours}", tmp_path / "out", parent="dense/nothing/0.00")
    assert done.receipt["difference"] is None
    assert "dense/nothing/0.00 cannot be had" in done.receipt["not_compared"]
    dense = finetune(str(pair[0].path), f"folder:{colours}", tmp_path / "dense")
    assert dense.receipt["not_compared"] == "dense/resnet20-cifar/0.00 is dense itself"


@pytest.mark.slow
def test_a_training_that_was_killed_ends_in_the_same_bits(pair: Pair, colours: Path, tmp_path: Path) -> None:
    def command(out: str) -> list[str]:
        settings = ["--epochs", "3", "--batch-size", "8", "--no-augment", "--protocol", "full"]
        return [
            "-m",
            "prunarium",
            "finetune",
            str(pair[1].path),
            "--data",
            f"folder:{colours}",
            "--out",
            out,
            *settings,
        ]

    environ = {"PRUNARIUM_HOME": str(tmp_path / "home")}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert harness.run(command(str(whole)), environ=environ).returncode == 0
    fault = "zoo.train.session:set_rate@before#5=kill"
    saved = {**environ, "PRUNARIUM_FAULTS": fault}
    assert harness.run(command(str(killed)), environ=saved).killed
    assert not (killed / "receipt.json").exists()
    assert harness.run(command(str(killed)), environ=environ).returncode == 0
    assert (killed / "receipt.json").read_bytes() == (whole / "receipt.json").read_bytes()
