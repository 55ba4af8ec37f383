"""The table of single images: against scikit-learn and SciPy on the logits themselves, and every wrong question."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fsspec import filesystem
from kept_predictions import DENSE, OOD, SHIFT, SPARSE, TRANSFER, Kept, ids_of_images, kept_predictions, pair_of_logits
from scipy.special import log_softmax, softmax
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, log_loss

import prunarium
from benchmark.errors import NotMeasuredError
from registry.errors import BlobMissingError, UnknownRecordError
from zoo.core.errors import UsageError

LOGITS, OTHER, LABELS = pair_of_logits()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The dense model by two protocols and two seeds, the sparse one once, a shift, a detection pair."""
    with kept_predictions(tmp_path_factory.mktemp("home")) as made:
        made.add(DENSE, {"": LOGITS}, LABELS)
        for seed in (0, 1):
            made.add(DENSE, {"": LOGITS}, LABELS, protocol="full@1", seed=seed)
        made.add(SPARSE, {"": OTHER}, LABELS)
        conditions = {"fog/1": LOGITS, "fog/2": OTHER}
        made.add(DENSE, conditions, LABELS, task=SHIFT, protocol="as-published@1")
        made.add(DENSE, {"inside": LOGITS, "outside": OTHER}, None, task=OOD, protocol="as-published@1")
        yield made


def table(kept: Kept, model: str = SPARSE, task: str = TRANSFER, **given: object) -> pa.Table:
    return prunarium.predictions(model, task, settings=kept.settings, **given)  # type: ignore[arg-type]


def test_it_is_what_others_compute_from_the_logits(kept: Kept) -> None:
    found = table(kept, logits=True)
    assert found.column_names == [
        "id", "label", "label_name", "prediction", "prediction_name", "correct", "confidence", "rank", "nll", "entropy",
        "top_classes", "top_probabilities", "logits",
    ]  # fmt: skip
    chances = softmax(OTHER.astype(np.float64), axis=1)
    assert found["id"].to_pylist() == ids_of_images(300)
    assert found["label"].to_pylist() == LABELS.tolist()
    assert found["label_name"].to_pylist() == [str(5 + label) for label in LABELS]
    assert found["prediction"].to_pylist() == chances.argmax(axis=1).tolist()
    assert np.mean(found["correct"]) == accuracy_score(LABELS, chances.argmax(axis=1))
    assert np.asarray(found["confidence"]) == pytest.approx(chances.max(axis=1), rel=1e-6)
    assert np.mean(found["nll"]) == pytest.approx(log_loss(LABELS, chances, labels=range(5)), rel=1e-6)
    assert np.asarray(found["nll"]) == pytest.approx(-log_softmax(OTHER.astype(float), axis=1)[range(300), LABELS])
    assert np.asarray(found["entropy"]) == pytest.approx(entropy(chances, axis=1), rel=1e-5)
    assert np.array(found["rank"]).tolist() == (OTHER[range(300), LABELS, None] < OTHER).sum(axis=1).tolist()
    assert np.array(found["logits"].to_pylist()) == pytest.approx(OTHER, rel=2e-3, abs=5e-3)


def test_the_most_probable_classes_come_first(kept: Kept) -> None:
    found = table(kept, top=3)
    expected = np.argsort(-OTHER, axis=1)[:, :3]
    assert found["top_classes"].to_pylist() == expected.tolist()
    chances = np.take_along_axis(softmax(OTHER, axis=1), expected, axis=1)
    assert np.array(found["top_probabilities"].to_pylist()) == pytest.approx(chances, rel=3e-3)
    with pytest.raises(UsageError, match="from 1, got 0"):
        table(kept, top=0)


def test_the_metadata_say_which_evaluation_it_is(kept: Kept) -> None:
    said = json.loads(table(kept).schema.metadata[b"prunarium"])
    assert (said["model"], said["task"], said["protocol"], said["seed"]) == (SPARSE, TRANSFER, "linear@1", 0)
    assert said["array_hash"].startswith("a1:")


def test_a_data_frame_on_request(kept: Kept) -> None:
    pytest.importorskip("pandas", reason="pip install pandas")
    frame = table(kept, form="pandas")
    assert list(frame["correct"]) == table(kept)["correct"].to_pylist()


def test_the_task_may_be_named_without_its_version(kept: Kept) -> None:
    assert table(kept, task="digits-5-9").equals(table(kept))


def test_protocols_and_seeds_must_be_named_where_there_are_several(kept: Kept) -> None:
    with pytest.raises(UsageError, match="full@1, linear@1") as several:
        table(kept, DENSE)
    assert several.value.hint == "Name one, such as --protocol full@1."
    with pytest.raises(UsageError, match="with the seeds 0, 1"):
        table(kept, DENSE, protocol="full")
    assert json.loads(table(kept, DENSE, protocol="full", seed=1).schema.metadata[b"prunarium"])["seed"] == 1
    with pytest.raises(UsageError, match="not measured with seed 7"):
        table(kept, DENSE, protocol="full", seed=7)


def test_conditions(kept: Kept) -> None:
    with pytest.raises(UsageError, match="has several conditions") as several:
        table(kept, DENSE, SHIFT)
    assert "fog/1, fog/2" in str(several.value.hint)
    assert table(kept, DENSE, SHIFT, condition="fog/2")["prediction"].to_pylist() == OTHER.argmax(axis=1).tolist()
    with pytest.raises(UsageError, match="no condition 'snow/1'"):
        table(kept, DENSE, SHIFT, condition="snow/1")


def test_images_of_no_class_have_no_label(kept: Kept) -> None:
    found = table(kept, DENSE, OOD, condition="outside")
    for name in ("label", "correct", "rank", "nll"):
        assert found[name].null_count == 300
    assert found["confidence"].null_count == 0


def test_where_some_classes_are_kept_the_others_have_no_logits(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(20, 50)).astype(np.float32)
    with kept_predictions(tmp_path) as made:
        made.add(DENSE, {"": values}, generator.integers(0, 50, 20), keep="top")
        found = table(made, DENSE)
        assert "label_name" not in found.column_names  # the task has five names, these are fifty classes
        assert found["top_classes"].to_pylist() == np.argsort(-values, axis=1)[:, :5].tolist()
        with pytest.raises(NotMeasuredError, match="the 20 largest logits of an image are kept"):
            table(made, DENSE, logits=True)


def test_what_nobody_has_is_said(kept: Kept) -> None:
    with pytest.raises(UnknownRecordError, match="no model 'gmp/resnet8-digits/0.9'") as unknown:
        table(kept, "gmp/resnet8-digits/0.9")
    assert "Did you mean" in str(unknown.value.hint)
    with pytest.raises(NotMeasuredError, match="'cifar10@1' is none of these"):
        table(kept, task="cifar10@1")
    with pytest.raises(NotMeasuredError, match="'full@1' is none of these"):
        table(kept, protocol="full@1")


def test_a_model_that_nobody_measured(tmp_path: Path) -> None:
    with kept_predictions(tmp_path) as made, pytest.raises(NotMeasuredError, match="was not measured yet"):
        table(made)


def test_predictions_lie_wherever_fsspec_reaches(tmp_path: Path) -> None:
    """Blobs in memory, as on S3: only their address is in the catalogue."""
    with kept_predictions(tmp_path, PRUNARIUM_BLOBS="memory://predictions") as made:
        made.add(SPARSE, {"": OTHER}, LABELS)
        assert len(table(made)) == 300
        filesystem("memory").rm("/predictions", recursive=True)
        with pytest.raises(BlobMissingError, match="has no blob"):
            table(made)


def test_it_needs_no_torch() -> None:
    code = "import sys, prunarium; prunarium.predictions, prunarium.compare; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
