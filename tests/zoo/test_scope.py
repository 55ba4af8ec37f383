"""First and last layer, in every architecture of the zoo."""

import pytest
import torch

from zoo.architectures import ARCHITECTURES
from zoo.core.errors import UsageError
from zoo.models import build
from zoo.prunable import prunable_parameters
from zoo.scope import left_dense


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_last_prunable_tensor_is_the_classifier_and_the_first_sees_the_image(name: str) -> None:
    entry = ARCHITECTURES[name]
    with torch.device("meta"):
        shapes = {key: weight.shape for key, weight in prunable_parameters(build(name, 7)).items()}
    stem, classifier = left_dense(tuple(shapes), "no-stem-no-classifier")
    assert classifier == f"{entry.classifier}.weight"
    assert shapes[stem][1:].numel() % entry.preprocessing.input_size[0] == 0
    assert left_dense(tuple(shapes), "no-stem") == (stem,)
    assert left_dense(tuple(shapes), "all") == ()


def test_an_unknown_scope_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="all, no-stem, no-stem-no-classifier, got 'stem'"):
        left_dense(("a", "b"), "stem")
