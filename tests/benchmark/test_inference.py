"""Logits and features, against plain torch and an independent hook."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.errors import BadModelError, LogitsError
from benchmark.inference import extract, predict
from benchmark.tasks import find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.data import in_memory, preprocess
from zoo.models import load_model

IMAGES = in_memory(find_task("digits-0-4@1").image_sets()[""].images)[:50]


def test_features_are_what_the_classifier_is_given(sparse_model: ModelFolder) -> None:
    model, config = load_model(sparse_model.path), sparse_model.config
    found = extract(model, config.classifier, IMAGES, config.preprocessing, batch_size=7)
    head = model.get_submodule(config.classifier)
    assert isinstance(head, nn.Linear)

    seen: list[Tensor] = []
    head.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        logits = model(preprocess(IMAGES, config.preprocessing))
    # The hook looks at the other side of the classifier: features must give the very logits when it is applied.
    torch.testing.assert_close(found @ head.weight.double().T + head.bias.double(), logits.double(), atol=1e-5, rtol=0)
    assert torch.equal(seen[0], logits)


def test_predictions_equal_a_plain_forward_pass(sparse_model: ModelFolder) -> None:
    model, preprocessing = load_model(sparse_model.path), sparse_model.config.preprocessing
    with torch.no_grad():
        expected = model(preprocess(IMAGES, preprocessing)).numpy()
    np.testing.assert_array_equal(predict(model, IMAGES, preprocessing, batch_size=50).values, expected)


@pytest.mark.parametrize("batch_size", [1, 7, 512])
def test_batches_change_rounding_only(sparse_model: ModelFolder, batch_size: int) -> None:
    model, preprocessing = load_model(sparse_model.path), sparse_model.config.preprocessing
    whole = predict(model, IMAGES, preprocessing, batch_size=50).values
    np.testing.assert_allclose(predict(model, IMAGES, preprocessing, batch_size).values, whole, atol=1e-4)


def test_a_model_left_in_training_mode_is_evaluated_in_evaluation_mode(sparse_model: ModelFolder) -> None:
    model, preprocessing = load_model(sparse_model.path), sparse_model.config.preprocessing
    expected = predict(model, IMAGES, preprocessing, 50).values
    before = {name: value.clone() for name, value in model.state_dict().items()}
    np.testing.assert_array_equal(predict(model.train(), IMAGES, preprocessing, 50).values, expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_numbers_that_are_none_are_refused(sparse_model: ModelFolder) -> None:
    model, config = load_model(sparse_model.path), sparse_model.config
    with torch.no_grad():
        next(model.parameters()).fill_(torch.nan)
    with pytest.raises(LogitsError, match="NaN"):
        predict(model, IMAGES, config.preprocessing, 50)
    with pytest.raises(BadModelError, match="features of 50 of 50 images"):
        extract(model, config.classifier, IMAGES, config.preprocessing, 50)
