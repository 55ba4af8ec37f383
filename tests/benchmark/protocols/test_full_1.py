"""Full fine-tuning: choices on the validation split, the chosen state is what predicts."""

import math

import numpy as np
import pytest
import torch

from benchmark.errors import BadModelError
from benchmark.finetune import FinetuneConfig, TrainingImages, finetune
from benchmark.inference import predict
from benchmark.protocols import Subject
from benchmark.protocols.full_1 import FirstFullConfig as FullConfig
from benchmark.protocols.full_1 import FirstFullFinetune as FullFinetune
from benchmark.reproducible import reproducible
from benchmark.tasks import find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.data import load_data, preprocess
from zoo.models import load_model

TASK = find_task("digits-5-9@1")
SHORT = FinetuneConfig(epochs=2, batch_size=32, momentum=0.9, weight_decay=5e-4)


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path, 5, 0), "fc", model.config.preprocessing)


def test_the_rate_with_the_lowest_validation_loss_makes_the_logits(sparse_model: ModelFolder) -> None:
    splits, subject = load_data("digits:5-9").splits, _subject(sparse_model)
    images, labels = (
        TrainingImages(preprocess(splits["train"].images, subject.preprocessing)),
        torch.tensor(splits["train"].labels),
    )
    rates, losses, predictions = (0.0001, 0.05), [], []
    with reproducible(0):
        for rate in rates:
            alone = _subject(sparse_model)
            finetune(alone.model, images, labels, SHORT, rate, seed=0)
            validation = predict(alone.model, splits["validation"].images, alone.preprocessing, 512)
            losses.append(
                -np.mean(validation.log_softmax()[range(len(splits["validation"])), splits["validation"].labels])
            )
            predictions.append(predict(alone.model, splits["test"].images, alone.preprocessing, 512).values)
        found = FullFinetune(FullConfig(learning_rates=rates, training=SHORT)).run(subject, TASK, 0, 1)
    best = int(np.argmin(losses))
    assert best == 1
    assert found.notes["learning_rate"] == rates[best]
    assert found.notes["validation_nll"] == pytest.approx(losses, abs=1e-12)
    np.testing.assert_array_equal(found.logits[""].values, predictions[best])


def test_the_model_is_left_in_the_state_that_predicted(sparse_model: ModelFolder) -> None:
    subject = _subject(sparse_model)
    with reproducible(0):
        found = FullFinetune(FullConfig(learning_rates=(0.05, 0.0001), training=SHORT)).run(subject, TASK, 0, 1)
        again = predict(subject.model, TASK.image_sets()[""].images, subject.preprocessing, 512)
    np.testing.assert_array_equal(again.values, found.logits[""].values)


def test_learns_the_new_classes(sparse_model: ModelFolder) -> None:
    with reproducible(0):
        found = FullFinetune().run(_subject(sparse_model), TASK, 0, 1)
    labels = TASK.image_sets()[""].labels
    assert labels is not None
    assert float((found.logits[""].values.argmax(1) == labels).mean()) > 0.9
    assert found.notes["training_nll"][-1] < found.notes["training_nll"][0] / 5


def test_a_rate_that_diverges_is_never_chosen(sparse_model: ModelFolder) -> None:
    with reproducible(0):
        config = FullConfig(learning_rates=(1e30, 0.05), training=SHORT)
        found = FullFinetune(config).run(_subject(sparse_model), TASK, 0, 1)
    assert found.notes["learning_rate"] == 0.05
    assert found.notes["validation_nll"][0] is None
    assert math.isfinite(found.notes["validation_nll"][1])


def test_a_model_that_always_diverges_is_bad(sparse_model: ModelFolder) -> None:
    with reproducible(0), pytest.raises(BadModelError, match="diverges at every learning rate"):
        FullFinetune(FullConfig(learning_rates=(1e30,), training=SHORT)).run(_subject(sparse_model), TASK, 0, 1)
