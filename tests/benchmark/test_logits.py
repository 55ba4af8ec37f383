"""Two types that are never taken for each other."""

import numpy as np
import pytest
import torch
from metric_inputs import random_logits

from benchmark.errors import LogitsError
from benchmark.logits import Logits, Probabilities, check_labels


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_log_softmax_is_worked_out_in_double_precision(dtype: type[np.floating]) -> None:
    values = random_logits(50, 9, scale=20.0)[0].astype(dtype)
    theirs = torch.tensor(values.astype(np.float64)).log_softmax(1).numpy()
    ours = Logits(values).log_softmax()
    assert ours.dtype == np.float64
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)
    assert Logits(values).softmax().values.sum(axis=1) == pytest.approx(np.ones(50), rel=1e-12)


def test_logits_that_look_like_probabilities_stay_logits() -> None:
    unlucky = np.array([[0.25, 0.75]])
    assert Logits(unlucky).softmax().values[0, 1] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert not isinstance(Probabilities(unlucky), Logits)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [Logits, Probabilities])
def test_what_is_no_number_is_refused(bad: float, kind: type[Logits] | type[Probabilities]) -> None:
    with pytest.raises(LogitsError, match="1 of 3 images are NaN or infinite; the first is image 2"):
        kind(np.array([[0.5, 0.5], [1.0, 0.0], [0.0, bad]]))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(LogitsError, match="at least one image and one class"):
        Logits(np.empty(shape))


@pytest.mark.parametrize("values", [[[0.5, 0.6]], [[1.5, -0.5]], [[2.0, 3.0]]])
def test_probabilities_must_be_some(values: list[list[float]]) -> None:
    with pytest.raises(LogitsError, match="sum to 1"):
        Probabilities(np.array(values))


def test_a_restricted_label_space_has_the_columns_in_the_order_given() -> None:
    assert Logits(np.array([[1.0, 2.0, 3.0]])).restricted([2, 0]).values.tolist() == [[3.0, 1.0]]


@pytest.mark.parametrize(
    ("classes", "message"), [([], "got none"), ([0, 3], "got 0 to 3"), ([-1], "got -1 to -1"), ([1, 1], "repeat")]
)
def test_a_label_space_that_does_not_exist_is_refused(classes: list[int], message: str) -> None:
    with pytest.raises(LogitsError, match=message):
        Logits(np.zeros((2, 3))).restricted(classes)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_divides_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(LogitsError, match="above 0"):
        Logits(np.zeros((1, 2))).scaled(temperature)


@pytest.mark.parametrize(("labels", "message"), [([0, 3], "got 0 to 3"), ([-1, 0], "got -1 to 0"), ([0], "got 1")])
def test_labels_that_are_no_classes_are_refused(labels: list[int], message: str) -> None:
    with pytest.raises(LogitsError, match=message):
        check_labels(np.array(labels), rows=2, classes=3)
