"""One distribution of many networks, against scipy."""

import numpy as np
import pytest
from metric_inputs import ids_of, random_logits
from scipy.special import softmax
from scipy.stats import entropy

from benchmark.errors import LogitsError
from benchmark.logits import Logits
from benchmark.metrics import METRICS, measure
from benchmark.posterior import predictive
from benchmark.predictions import Predictions


def networks(count: int = 6, spread: float = 0.8) -> tuple[list[Logits], np.ndarray]:
    logits, labels = random_logits(80, 5)
    noise = np.random.default_rng(1).normal(scale=spread, size=(count, *logits.shape))
    return [Logits(logits + one) for one in noise], labels


def test_it_is_the_mean_of_probabilities_and_of_entropies() -> None:
    drawn, _ = networks()
    probabilities = np.array([softmax(one.values, axis=1) for one in drawn])
    found = predictive(iter(drawn))
    assert found.logits.softmax().values == pytest.approx(probabilities.mean(axis=0), rel=1e-12)
    assert found.expected_entropy == pytest.approx(entropy(probabilities, axis=2).mean(axis=0), rel=1e-9)


def test_what_networks_disagree_on_is_kept_and_measured() -> None:
    drawn, labels = networks()
    found = predictive(drawn)
    extra = {"expected_entropy": found.expected_entropy}
    stored = Predictions.from_logits(ids_of(80), labels, found.logits, extra=extra)
    measured = measure(METRICS["mutual-information"], Predictions.from_parquet(stored.to_parquet()), seed=0)
    total = entropy(found.logits.softmax().values, axis=1)
    assert measured.value == pytest.approx((total - found.expected_entropy).mean(), rel=1e-5)
    assert measured.value is not None
    assert measured.value > 0.01


def test_one_network_is_itself_and_agrees_with_itself() -> None:
    (one,), _ = networks(1)
    found = predictive([one])
    assert found.logits.softmax().values == pytest.approx(one.softmax().values, rel=1e-12)
    assert found.expected_entropy == pytest.approx(entropy(one.softmax().values, axis=1), rel=1e-9)


def test_neither_order_nor_chunks_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, _ = networks()
    whole = predictive(drawn)
    monkeypatch.setattr("benchmark.columns.CHUNK_ELEMENTS", 35)
    again = predictive(reversed(drawn))
    assert again.logits.values == pytest.approx(whole.logits.values, rel=1e-12)
    assert again.expected_entropy == pytest.approx(whole.expected_entropy, rel=1e-12)


def test_networks_that_are_quite_sure_leave_finite_logits() -> None:
    found = predictive([Logits(np.array([[2000.0, 0.0]]))])
    assert np.isfinite(found.logits.values).all()
    assert found.expected_entropy.tolist() == [0.0]


def test_no_network_predicts_nothing() -> None:
    with pytest.raises(LogitsError, match="at least one network"):
        predictive([])
    with pytest.raises(LogitsError, match=r"one gives \(2, 3\)"):
        predictive([Logits(np.zeros((2, 2))), Logits(np.zeros((2, 3)))])
