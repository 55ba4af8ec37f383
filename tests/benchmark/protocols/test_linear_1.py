"""The linear probe against scikit-learn, step by step."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark.protocols import Subject
from benchmark.protocols.linear_1 import FirstLinearConfig as LinearConfig
from benchmark.protocols.linear_1 import FirstLinearProbe as LinearProbe
from benchmark.tasks import find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.data import load_data, preprocess
from zoo.models import load_model

TASK = find_task("digits-5-9@1")


@pytest.fixture(scope="module")
def penalties() -> tuple[float, ...]:
    return (0.1, 0.01, 0.001)


def test_the_whole_protocol_equals_scikit_learn(sparse_model: ModelFolder, penalties: tuple[float, ...]) -> None:
    model, preprocessing = load_model(sparse_model.path), sparse_model.config.preprocessing
    data = load_data("digits:5-9").splits
    inputs: list[torch.Tensor] = []
    model.get_submodule("fc").register_forward_pre_hook(lambda _, given: inputs.append(given[0].double()))
    with torch.no_grad():
        for name in ("train", "validation", "test"):
            model(preprocess(data[name].images, preprocessing))
    features = dict(zip(("train", "validation", "test"), (tensor.numpy() for tensor in inputs), strict=True))

    def fitted(names: list[str], penalty: float) -> "make_pipeline":
        x, y = (np.concatenate([source[name] for name in names]) for source in (features, labels))
        solver = LogisticRegression(C=1 / (len(y) * penalty), max_iter=100_000, tol=1e-12)
        return make_pipeline(StandardScaler(), solver).fit(x, y)

    labels = {name: split.labels for name, split in data.items()}
    losses = [
        log_loss(labels["validation"], fitted(["train"], penalty).predict_proba(features["validation"]))
        for penalty in penalties
    ]
    best = penalties[int(np.argmin(losses))]
    expected = fitted(["train", "validation"], best).predict_proba(features["test"])

    subject = Subject(load_model(sparse_model.path), "fc", preprocessing)
    found = LinearProbe(LinearConfig(penalties=penalties)).run(subject, TASK, 0, 1)
    assert found.notes["penalty"] == best
    np.testing.assert_allclose(found.notes["validation_nll"], losses, atol=1e-4)
    np.testing.assert_allclose(found.logits[""].softmax().values, expected, atol=1e-3)


def test_the_test_labels_are_never_read(sparse_model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notes and logits are the same when the test split's labels are shuffled away."""
    subject = Subject(load_model(sparse_model.path), "fc", sparse_model.config.preprocessing)
    expected = LinearProbe().run(subject, TASK, 0, 1)
    sets = {name: images._replace(labels=None) for name, images in TASK.image_sets().items()}
    monkeypatch.setattr(type(TASK), "image_sets", lambda _self: sets)
    found = LinearProbe().run(subject, TASK, 0, 1)
    np.testing.assert_array_equal(found.logits[""].values, expected.logits[""].values)
