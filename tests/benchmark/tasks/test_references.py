"""The training images that features are compared with, where they are too many."""

import numpy as np
import pytest

from benchmark.protocols import Subject
from benchmark.protocols.as_published import AsPublished
from benchmark.tasks import OodTask, find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model

PER_CLASS = 12


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> OodTask:
    found = find_task("digits-ood@1")
    assert isinstance(found, OodTask)
    monkeypatch.setattr("benchmark.tasks._kinds.MOST_REFERENCES", PER_CLASS * found.classes + 3)
    return found


def test_as_many_of_every_class_are_drawn_by_a_seed(task: OodTask) -> None:
    chosen, everything = task.reference_set(), task.inside.split("train")
    assert chosen is not None
    assert np.bincount(chosen.labels).tolist() == [PER_CLASS] * task.classes
    assert set(chosen.ids) <= set(everything.ids)
    assert task.reference_choice() == {"per_class": PER_CLASS, "seed": 0}
    again, other = (task.inside.drawn("train", PER_CLASS, seed) for seed in (0, 1))
    assert tuple(again.ids) == tuple(chosen.ids)
    assert 0 < len(set(other.ids) & set(chosen.ids)) < len(set(chosen.ids))
    for row, image_id in enumerate(chosen.ids):
        place = list(everything.ids).index(image_id)
        assert (chosen.images[row] == everything.images[place]).all()
        assert chosen.labels[row] == everything.labels[place]


def test_their_number_and_seed_are_in_the_notes(task: OodTask, sparse_model: ModelFolder) -> None:
    subject = Subject(load_model(sparse_model.path), sparse_model.config.classifier, sparse_model.config.preprocessing)
    evaluation = AsPublished().run(subject, task, 0, 1)
    assert evaluation.notes["references"] == {"n": PER_CLASS * task.classes, "per_class": PER_CLASS, "seed": 0}
    assert set(evaluation.extra["outside"]) == {"mahalanobis", "knn"}


def test_of_few_images_all_are_taken() -> None:
    task = find_task("digits-ood@1")
    chosen = task.reference_set()
    assert chosen is not None
    assert task.reference_choice() == {}
    assert isinstance(task, OodTask)
    assert tuple(chosen.ids) == tuple(task.inside.split("train").ids)
