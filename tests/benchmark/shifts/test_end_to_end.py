"""Miniature shifts in their published layouts, from the command line to results in the catalogue."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_catalogues import DigitCatalogue
from hub_fixture import RunningHub
from miniature import point_datasets_at, publish_tables, samples, table
from miniature_archives import small_manifest, write_archive
from miniature_shifts import FEW, in_miniature, names_of, pin, run_mini
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from shift_archives import part, parts, write_classes, write_corruptions, write_objectnet, write_severities

from benchmark.inference import predict
from benchmark.metrics.corruption_error import ALEXNET, ALEXNET_CLEAN
from benchmark.predictions import Predictions
from benchmark.shifts import SHIFTS, PublishedShift
from benchmark.shifts._corruption_sets import CORRUPTIONS, conditions_of
from benchmark.shifts._label_spaces import objectnet_labels
from benchmark.tasks import TASKS, SourcedManifest, SplitFacts, TransferTask, UpstreamTask
from benchmark.tasks._content import digest
from prunarium.cli import run
from registry.blobs import BlobStore
from zoo.checkpoint.folder import read_folder
from zoo.models import load_model

SEVERITIES = (1, 2, 3, 4, 5)


def with_validation_images(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ImageNet of three classes, whose test images have the names that corrupted ones have."""
    for split in ("train", "test"):
        write_classes(folder / split, names_of(FEW), FEW, 2, "ILSVRC2012_val_{}.JPEG")
    task = TASKS["imagenet@1"]
    assert isinstance(task, UpstreamTask)
    assert isinstance(task.data, SourcedManifest)
    splits = {"train": SplitFacts(6), "test": SplitFacts(6)}
    data = replace(task.data, class_names=names_of(FEW), splits=splits)
    small = replace(task, data=data, fitting_fraction=0.0)  # two images of a class are too few to fit anything on
    monkeypatch.setitem(TASKS._entries, "imagenet@1", small)


@pytest.mark.parametrize(
    "corruptions", [("fog",), pytest.param(CORRUPTIONS, marks=pytest.mark.slow)], ids=["one", "fifteen"]
)
def test_imagenet_c_r_and_objectnet_from_folders_and_a_hub(
    corruptions: tuple[str, ...],
    hub: RunningHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    catalogue_of: Any,
    capsys: Any,
) -> None:
    datasets = pytest.importorskip("datasets")
    point_datasets_at(hub, monkeypatch)
    in_miniature(
        monkeypatch,
        ("imagenet-c@1", {"n_each": 6, "label_space": FEW, "shown": conditions_of(corruptions)}),
        ("imagenet-r@1", {"n_each": 12}),
        ("objectnet@1", {}),
    )
    write_corruptions(tmp_path / "c", conditions_of(corruptions), names_of(FEW), FEW)
    text = datasets.Value("string")
    ids = names_of(SHIFTS["imagenet-r@1"].label_space or ())  # type: ignore[attr-defined]
    rows = table(samples([4, 4, 4]), "image", {"wnid": text}, lambda sample: ids[sample.label])
    repository = publish_tables(hub, f"imagenet-r-mini-{len(corruptions)}", {"test": rows})
    folders = {label: label.lower().replace(" ", "_").replace("/", "_") for label in objectnet_labels()}
    write_objectnet(tmp_path / "o", folders, ["other"], 1)
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C", str(tmp_path / "c"))
    monkeypatch.setenv("PRUNARIUM_IMAGENET_R", f"hub:{repository}")
    monkeypatch.setenv("PRUNARIUM_OBJECTNET", str(tmp_path / "o"))
    with_validation_images(tmp_path / "imagenet", monkeypatch)
    catalogue = catalogue_of(1000, "imagenet")
    pin(capsys, "imagenet", "--from", f"folder:{tmp_path / 'imagenet'}")
    pin(capsys, "imagenet-c", "imagenet-r", "objectnet")
    report = run_mini(catalogue, capsys)
    assert [failure["message"] for failure in report["failed"]] == []
    assert report["done"] == 3
    check_corruptions(catalogue, tmp_path / "models" / "a")
    restricted = {row.metric: row for row in catalogue.results(task="imagenet-r@1")}
    measured = {name for name, row in restricted.items() if row.value is not None}
    assert measured == {"top1@1", "nll@1", "brier@1", "ece15@1"}
    assert restricted["nll-ts@1"].missing_reason is not None  # nobody has fitted a temperature on ImageNet here
    assert restricted["nll@1"].value == pytest.approx(nll_by_hand(tmp_path / "models" / "a"), rel=1e-5)
    assert restricted["top1@1"].n == 12
    assert restricted["top1@1"].provenance["data_sha256"] == {"imagenet-r@1": digest(part(SHIFTS["imagenet-r@1"], ""))}
    assert [(row.metric, row.n) for row in catalogue.results(task="objectnet@1")] == [("top1@1", 113)]


def nll_by_hand(model_folder: Path) -> float:
    """Over the 200 logits of ImageNet-R, not the model's 1,000."""
    shift = SHIFTS["imagenet-r@1"]
    images, space = part(shift, ""), list(shift.label_space)  # type: ignore[attr-defined]
    values = predict(load_model(model_folder), images.images, preprocessing_of(model_folder), 64).values[:, space]
    return float(-log_softmax(values.astype(np.float64), axis=1)[np.arange(len(values)), images.labels].mean())


def check_corruptions(catalogue: DigitCatalogue, model_folder: Path) -> None:
    """Every cell, and mCE from mistakes that are worked out here from the images again."""
    results = {(row.metric, row.condition): row for row in catalogue.results(task="imagenet-c@1")}
    assert len(results) == 4 * (len(SHIFTS["imagenet-c@1"].conditions) + 1) + 3 + 2
    model, shift = load_model(model_folder), SHIFTS["imagenet-c@1"]
    assert isinstance(shift, PublishedShift)
    mistakes = {}
    sets = {**parts(shift), "clean": shift.image_sets()["clean"]}
    for condition, images in sets.items():
        logits = predict(model, images.images, shift.fed(preprocessing_of(model_folder), condition), 64).restricted(FEW)
        mistakes[condition] = (logits.values.argmax(axis=1) != images.labels).astype(np.float64)
        if condition != "clean":
            assert results["top1@1", condition].value == pytest.approx(1 - mistakes[condition].mean())
    assert ("top1@1", "clean") not in results
    clean = mistakes.pop("clean")
    kept = stored(catalogue, "imagenet-c@1", "clean")
    assert kept.ids == stored(catalogue, "imagenet-c@1", "fog/3").ids
    # By their names, with the checkpoint's own preprocessing (a margin of an eighth), not that of the cropped files.
    whole = read_folder(model_folder).config.preprocessing
    assert whole.crop_fraction < 1
    by_id = dict(
        zip(sets["clean"].ids, predict(model, sets["clean"].images, whole, 64).restricted(FEW).values, strict=True)
    )
    assert kept.samples.columns.max_logit == pytest.approx([by_id[name].max() for name in kept.ids], rel=1e-5)
    mce, relative = results["mce-official-alexnet@1", ""], results["relative-mce-official-alexnet@1", ""]
    if len(mistakes) == 75:
        errors = {c: np.mean([mistakes[f"{c}/{s}"].mean() for s in SEVERITIES]) for c in CORRUPTIONS}
        assert mce.value == pytest.approx(np.mean([errors[c] / ALEXNET[c] for c in CORRUPTIONS]))
        added = [(errors[c] - clean.mean()) / (ALEXNET[c] - ALEXNET_CLEAN) for c in CORRUPTIONS]
        assert relative.value == pytest.approx(np.mean(added))
    else:
        assert "70 of these conditions are missing" in (mce.missing_reason or "")
        assert "70 of these conditions are missing" in (relative.missing_reason or "")  # not the clean images
    mean = results["top1@1", ""]
    assert mean.value == pytest.approx(np.mean([1 - wrong.mean() for wrong in mistakes.values()]))
    assert mean.interval_method == "basic-bootstrap"  # the same images under every condition


def preprocessing_of(folder: Path) -> Any:
    return read_folder(folder).config.preprocessing


@pytest.mark.slow
def test_cifar_arrays_keep_the_largest_logits_where_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue_of: Any, capsys: Any
) -> None:
    in_miniature(
        monkeypatch,
        ("cifar100-c-extra@1", {"n_each": 30, "shown": conditions_of(["saturate"])[:4]}),
        ("cifar100-c@1", {"n_each": 30, "shown": conditions_of(["fog"])}),
    )
    monkeypatch.setattr("benchmark.shifts._published.LARGE", 5 * 100 - 1)
    write_severities(tmp_path / "c", ["fog", "saturate"], 30, 100)
    monkeypatch.setenv("PRUNARIUM_CIFAR100_C", str(tmp_path / "c"))
    with_training_images(tmp_path / "data" / "cifar100", monkeypatch)
    catalogue = catalogue_of(100, "archive:cifar100", seed=8)  # has a best temperature
    pin(capsys, "cifar100", "cifar100-c", "cifar100-c-extra")
    assert run_mini(catalogue, capsys)["failed"] == []
    kept = {}
    for task in ("cifar100-c@1", "cifar100-c-extra@1"):
        (row,) = catalogue.results(task=task, metric="top1@1", condition="saturate/3" if "extra" in task else "fog/3")
        assert row.value is not None
        kept[task] = stored(catalogue, task)
    assert not kept["cifar100-c@1"].samples.complete
    assert kept["cifar100-c@1"].samples.top is not None
    assert kept["cifar100-c@1"].samples.top.shape == (30, 20)
    assert kept["cifar100-c-extra@1"].samples.complete  # four conditions of it are few
    check_temperature(catalogue, tmp_path / "models" / "a")


def with_training_images(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CIFAR-100's own archive, of three classes."""
    monkeypatch.setenv("PRUNARIUM_DATA", str(folder.parent))
    write_archive("cifar100", folder, monkeypatch)
    small = replace(TASKS["cifar100@1"], data=small_manifest("cifar100"))  # type: ignore[call-arg]
    monkeypatch.setitem(TASKS._entries, small.id, small)


def check_temperature(catalogue: DigitCatalogue, model_folder: Path) -> None:
    """One T of the validation part of the training images, on every condition of both shifts."""
    source = TASKS["cifar100@1"]
    assert isinstance(source, TransferTask)
    fitting = source.data.split("validation")
    assert set(fitting.ids) <= set(source.data.trainable().ids)
    assert not set(fitting.ids) & set(source.data.split("test").ids)
    logits = predict(load_model(model_folder), fitting.images, preprocessing_of(model_folder), 64).values
    rows = np.arange(len(logits))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, fitting.labels].mean())

    found = minimize_scalar(loss, bounds=(np.log(0.01), np.log(100)), method="bounded", options={"xatol": 1e-10})
    assert np.exp(found.x) < 99, "a network for which there is no best temperature tests nothing"
    for task, condition in (("cifar100-c@1", "fog/3"), ("cifar100-c-extra@1", "saturate/2")):
        (scaled,) = catalogue.results(task=task, metric="nll-ts@1", condition=condition)
        assert scaled.value is not None
        note = scaled.provenance["notes"]["temperature"]
        assert note["n"] == len(fitting.ids) == 3
        assert note["temperature"] == pytest.approx(np.exp(found.x), rel=1e-5)
        assert "has seen these images" in note["caveat"]


def stored(catalogue: DigitCatalogue, task: str, condition: str | None = None) -> Predictions:
    """One of the stored conditions of a task, as any rescoring reads it."""
    from registry import queries
    from registry.db.session import session_scope

    with session_scope(catalogue.engine) as session:
        jobs = [job for job in queries.jobs_of(session, catalogue.checkpoints[0]) if job.task == task]
        every = queries.predictions_of(session, jobs[0].id)
    records = [record for record in every if condition in (None, record.condition)]
    return Predictions.from_parquet(BlobStore(catalogue.settings.blobs).get(records[0].blob_sha256))


def test_images_that_are_not_there_fail_the_job_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue_of: Any, capsys: Any
) -> None:
    in_miniature(monkeypatch, ("imagenet-a@1", {"n_each": 200}))
    monkeypatch.setenv("PRUNARIUM_IMAGENET_A", str(tmp_path / "nothing"))
    catalogue = catalogue_of(1000, "imagenet")
    (failed,) = run_mini(catalogue, capsys)["failed"]
    assert failed["kind"] == "bad_data"
    assert "PRUNARIUM_IMAGENET_A=FOLDER" in failed["message"]
    space = SHIFTS["imagenet-a@1"].label_space  # type: ignore[attr-defined]
    write_classes(tmp_path / "nothing" / "imagenet-a", names_of(space), space, 1)
    command = ["benchmark", "run", "--suite", "mini", "--folders", str(catalogue.folders), "--retry-failed", "--json"]
    assert run(command) == 1  # the files are there, and nobody has vouched for them
    assert json.loads(capsys.readouterr().out)["failed"][0]["message"].startswith("The hash of imagenet-a@1 at")
    assert catalogue.results(task="imagenet-a@1") == []
    pin(capsys, "imagenet-a")
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 1


def test_models_of_other_data_are_left_out(
    monkeypatch: pytest.MonkeyPatch, catalogue_of: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    in_miniature(monkeypatch, ("imagenet-a@1", {"n_each": 200}))
    catalogue_of(1000, "digits:0-4")
    assert run(["benchmark", "plan", "--suite", "mini"]) != 0
    assert "no model for mini@1" in capsys.readouterr().err
