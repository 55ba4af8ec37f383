"""ObjectNet: the border is cut, the mapping is ObjectNet's own, and any class of a label is right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hub_fixture import RunningHub
from miniature import point_datasets_at, publish_tables, samples, table
from shift_archives import part, write_objectnet

from benchmark.errors import ManifestError
from benchmark.logits import Logits
from benchmark.metrics import METRICS
from benchmark.predictions import Predictions
from benchmark.shifts import SHIFTS
from benchmark.shifts._label_spaces import label_space, objectnet_labels
from benchmark.shifts._objectnet import ObjectNetShift

LABELS = list(objectnet_labels())
FOLDERS = {label: label.lower().replace(" ", "_").replace("/", "_") for label in LABELS}


@pytest.fixture
def shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectNetShift:
    write_objectnet(tmp_path / "objectnet-1.0", FOLDERS, ["air_freshener", "zz_top"], 2)
    monkeypatch.setenv("PRUNARIUM_OBJECTNET", str(tmp_path / "objectnet-1.0"))
    found = SHIFTS["objectnet@1"]
    assert isinstance(found, ObjectNetShift)
    return found


def test_shared_labels_alone_are_read_and_the_border_is_gone(shift: ObjectNetShift) -> None:
    images = part(shift, "")
    assert len(images.images) == 2 * 113
    assert images.labels is not None
    assert images.labels.tolist() == [label for label in range(113) for _ in range(2)]
    picture = images.images[0]
    assert picture.shape == (16, 26, 3)
    assert (picture[..., 1] == 200).all()  # nothing red is left
    assert len(set(images.ids)) == 226


def test_a_hub_names_the_labels_in_an_order_of_its_own(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    point_datasets_at(hub, monkeypatch)
    label = datasets.ClassLabel(names=LABELS[::-1])
    repository = publish_tables(hub, "objectnet-like", {"test": table(samples([1] * 113), "image", {"label": label})})
    monkeypatch.setenv("PRUNARIUM_OBJECTNET", f"hub:{repository}")
    images = part(SHIFTS["objectnet@1"], "")
    assert images.labels is not None
    assert images.labels.tolist() == list(range(112, -1, -1))


def test_a_prediction_is_right_if_it_is_in_the_set(shift: ObjectNetShift) -> None:
    """By the definition, image by image: the first class with the largest of the 125 logits is one of the label's."""
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(400, 1000)) * 3, rng.integers(0, 113, 400)
    space, accepted = label_space("objectnet"), list(objectnet_labels().values())
    for row, label in enumerate(labels[:200]):
        logits[row, accepted[label][-1]] += 12.0  # half of them right, by any class of the set
    cut, judged = shift.judged(Logits(logits), labels)
    assert judged is not None
    predictions = Predictions.from_logits([f"{row:03d}" for row in range(400)], judged, cut)
    expected = [
        space[int(np.argmax(row[list(space)]))] in accepted[label] for row, label in zip(logits, labels, strict=True)
    ]
    assert METRICS["top1"].compute(predictions) == np.mean(expected)
    assert 0.4 < np.mean(expected) < 0.6
    assert shift.metrics == ("top1",)


def test_a_class_outside_of_the_125_never_wins(shift: ObjectNetShift) -> None:
    logits = np.zeros((1, 1000))
    logits[0, 0] = 99.0  # a tench, which ObjectNet has not
    logits[0, objectnet_labels()[LABELS[5]][0]] = 1.0
    cut, judged = shift.judged(Logits(logits), np.array([5]))
    assert judged is not None
    assert cut.values.shape == (1, 125)
    assert cut.values.argmax() == judged[0]


def test_an_archive_without_its_mapping_is_refused(shift: ObjectNetShift, tmp_path: Path) -> None:
    (tmp_path / "objectnet-1.0" / "mappings" / "folder_to_objectnet_label.json").unlink()
    with pytest.raises(ManifestError, match="not at"):
        part(replace(shift, version="unmapped"), "")
