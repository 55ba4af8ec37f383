"""As published: the model's own predictions, and a temperature from the validation split alone."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from benchmark.errors import BadModelError
from benchmark.protocols import Subject
from benchmark.protocols.as_published import AsPublished
from benchmark.tasks import find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.data import load_data, preprocess
from zoo.models import load_model
from zoo.train import evaluate

TASK = find_task("digits-0-4@1")


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path), model.config.classifier, model.config.preprocessing)


def test_accuracy_is_that_of_the_zoo_s_own_evaluation(sparse_model: ModelFolder) -> None:
    subject = _subject(sparse_model)
    logits = AsPublished().run(subject, TASK, 0, 1).logits[""]
    split = load_data("digits:0-4").splits["test"]
    expected = evaluate(subject.model, split, subject.preprocessing).top1
    assert float((logits.values.argmax(1) == split.labels).mean()) == expected


def test_the_temperature_minimises_the_validation_loss(sparse_model: ModelFolder) -> None:
    subject, split = _subject(sparse_model), load_data("digits:0-4").splits["validation"]
    with torch.no_grad():
        logits = subject.model(preprocess(split.images, subject.preprocessing)).double().numpy()

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(logits)), split.labels].mean())

    expected = float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10}).x))
    found = AsPublished().run(subject, TASK, 0, 1)
    assert found.temperature == pytest.approx(expected, rel=1e-4)


def test_other_classes_are_refused(sparse_model: ModelFolder) -> None:
    wide = Subject(load_model(sparse_model.path, 7), "fc", sparse_model.config.preprocessing)
    with pytest.raises(BadModelError, match="has 5 classes, the checkpoint predicts 7"):
        AsPublished().run(wide, TASK, 0, 1)
