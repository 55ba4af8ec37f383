"""OpenOOD's groups: read by their lists, checked, told apart by logits and features, and averaged over their sets."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from network_folders import write_network
from openood_archive import write_openood
from sklearn.metrics import roc_auc_score

import benchmark.suites
from benchmark.errors import ManifestError
from benchmark.feature_scores import knn_scores, mahalanobis_scores
from benchmark.inference import extract, predict
from benchmark.suites import Cell, Suite
from benchmark.tasks import TASKS, BroughtSets, OpenOodTask, Task
from benchmark.tasks._content import digest
from prunarium.cli import run
from registry.statistics import unpack_replicates
from zoo.checkpoint.folder import read_folder
from zoo.models import load_model

SIZES = {"ssb_hard": 9, "ninco": 7, "inaturalist": 8, "textures": 6, "openimage_o": 5}


def parts(task: Task) -> BroughtSets:
    """The sets as they are read where nobody has vouched for them yet."""
    assert isinstance(task, OpenOodTask)
    return BroughtSets(task.parts, partial(task.read_part, task.place()))


def small(name: str) -> OpenOodTask:
    task = TASKS[name]
    assert isinstance(task, OpenOodTask)
    return replace(
        task,
        expected={"inside": 15, **{each: SIZES[each.replace("-", "_")] for each in task.lists}},
        fit_per_class=20,
        of_classes=5,
    )


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_openood(tmp_path / "data", range(5), 25, 3, SIZES)
    monkeypatch.setenv("PRUNARIUM_OPENOOD", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.usefixtures("data")
def test_lists_say_which_images_are_in_which_set() -> None:
    far = small("openood-far@1")
    sets = parts(far)
    assert list(far.image_sets()) == ["inside", "inaturalist", "textures", "openimage-o"]
    assert list(sets) == [*far.image_sets(), "training"]
    assert sets["inside"].labels is not None
    assert sets["inside"].labels.tolist() == [label for label in range(5) for _ in range(3)]
    assert sets["textures"].labels is None
    assert {name: len(sets[name].images) for name in far.image_sets()} == far.expected
    assert sets["textures"].ids[0] == "texture/a folder/0.jpg"  # a space in a path is no end of it
    assert TASKS["openood-near@1"].n_test == 45_000 + 49_000 + 5_879


def test_the_training_images_are_as_many_of_each_class_in_no_order_of_the_list(data: Path) -> None:
    chosen = parts(small("openood-near@1"))["training"]
    assert chosen.labels is not None
    assert np.bincount(chosen.labels).tolist() == [20] * 5
    path = data / "benchmark_imglist" / "imagenet" / "train_imagenet.txt"
    path.write_text("\n".join(reversed(path.read_text().splitlines())) + "\n")
    again = parts(small("openood-near@1"))["training"]
    assert again.ids == chosen.ids


def test_what_is_not_as_published_is_refused(data: Path) -> None:
    lists = data / "benchmark_imglist" / "imagenet"
    with pytest.raises(ManifestError, match="has 15 images, openood-near@1 has 45,000"):
        parts(TASKS["openood-near@1"])["inside"]
    near = small("openood-near@1")
    (data / "images_largescale" / "ninco" / "a folder" / "3.jpg").unlink()
    with pytest.raises(ManifestError, match="1 of the images of ninco are not there"):
        parts(near)["ninco"]
    (lists / "test_ssb_hard.txt").unlink()
    with pytest.raises(ManifestError, match="PRUNARIUM_OPENOOD=FOLDER"):
        parts(near)["ssb-hard"]
    rows = (lists / "test_imagenet.txt").read_text()
    (lists / "test_imagenet.txt").write_text(rows.replace(" 4\n", " 1000\n"))
    with pytest.raises(ManifestError, match="none of the 5 classes"):
        parts(near)["inside"]
    (lists / "test_imagenet.txt").write_text(rows + rows)
    with pytest.raises(ManifestError, match="names a file twice"):
        parts(replace(near, version="twice"))["inside"]


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DigitCatalogue]:
    """One model of five classes, and a suite of the near group in miniature."""
    monkeypatch.setitem(TASKS._entries, "openood-near@1", small("openood-near@1"))
    suites = {"mini@1": Suite("mini", "1", "Miniature", (Cell("openood-near@1", "as-published@1"),))}
    monkeypatch.setattr(benchmark.suites, "load_suites", lambda: suites)
    monkeypatch.setattr("benchmark.sync.load_suites", lambda: suites)
    folder = write_network(tmp_path / "models" / "a", architecture="resnet20-cifar", classes=5, data="imagenet")
    made = digit_catalogue(tmp_path / "home", [folder])
    monkeypatch.setenv("PRUNARIUM_HOME", str(made.settings.home))
    yield made
    made.engine.dispose()


@pytest.mark.usefixtures("data")
def test_a_group_from_the_command_line_to_the_catalogue(catalogue: DigitCatalogue, capsys: Any) -> None:
    command = ["benchmark", "run", "--suite", "mini", "--folders", str(catalogue.folders), "--json"]
    assert run(command) == 1
    (failed,) = json.loads(capsys.readouterr().out)["failed"]
    assert "openood-near --pin" in failed["message"] + (failed.get("hint") or "")
    assert catalogue.results(task="openood-near@1") == []  # nothing is measured on what nobody vouches for
    assert run(["benchmark", "data", "fetch", "openood-near", "--pin", "--json"]) == 0
    capsys.readouterr()
    code = run([*command, "--retry-failed"])
    report = json.loads(capsys.readouterr().out)
    assert (code, report["done"], report["failed"]) == (0, 1, [])
    rows = {(row.metric, row.condition): row for row in catalogue.results(task="openood-near@1")}
    assert len(rows) == 5 * 5 * 3
    found = parts(small("openood-near@1"))
    hashes = {f"openood-near@1/{name}": digest(images) for name, images in found.items()}
    assert rows["auroc@1", "energy"].provenance["data_sha256"] == hashes
    expected = areas_by_hand(catalogue.folders / "a")
    for (score, name), area in expected.items():
        assert rows["auroc@1", f"{score}/{name}"].value == pytest.approx(area, abs=1e-9)
        group = rows["auroc@1", score]
        assert group.value == pytest.approx(np.mean([expected[score, "ssb-hard"], expected[score, "ninco"]]))
        assert group.n == 15 + 9 + 7
        assert group.interval_method == "stratified-bootstrap"
        assert group.replicates is not None
        each = [rows["auroc@1", f"{score}/{name}"].replicates or b"" for name in ("ssb-hard", "ninco")]
        mean = np.mean([unpack_replicates(packed) for packed in each], axis=0)
        assert unpack_replicates(group.replicates) == pytest.approx(mean, abs=1e-6)


def areas_by_hand(folder: Path) -> dict[tuple[str, str], float]:
    """Each score worked out here from the model, and its area by scikit-learn."""
    model, config, task = load_model(folder), read_folder(folder).config, small("openood-near@1")
    known = task.reference_set()
    arguments = (config.preprocessing, 64)
    training = extract(model, config.classifier, known.images, *arguments).numpy()
    scores: dict[str, dict[str, Any]] = {}
    for name, images in task.image_sets().items():
        logits = torch.from_numpy(predict(model, images.images, *arguments).values)
        seen = extract(model, config.classifier, images.images, *arguments).numpy()
        scores[name] = {
            "energy": logits.logsumexp(1).numpy(),
            "mahalanobis": mahalanobis_scores(seen, training, known.labels).astype(np.float32),
            "knn": knn_scores(seen, training).astype(np.float32),
        }
    areas = {}
    for score in ("energy", "mahalanobis", "knn"):
        for name in ("ssb-hard", "ninco"):
            inside, outside = scores["inside"][score], scores[name][score]
            truth = np.repeat([1, 0], [len(inside), len(outside)])
            areas[score, name] = float(roc_auc_score(truth, np.concatenate([inside, outside])))
    return areas
