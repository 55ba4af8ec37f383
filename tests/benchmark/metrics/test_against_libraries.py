"""Metrics against code that is not ours, on random inputs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from metric_conventions import average_precision, drawn_debiased_error
from metric_inputs import Floats, Ints, evaluate, exact_samples, random_logits, random_mistakes
from sklearn.metrics import (
    auc,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
    top_k_accuracy_score,
)
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_accuracy,
    multiclass_calibration_error,
)

from benchmark.metrics import METRICS
from benchmark.metrics.corruption_error import ALEXNET
from benchmark.metrics.detection import of_curve
from benchmark.ood import Detection

CASES = [(300, 6, 0.5), (1000, 10, 1.0), (777, 30, 4.0)]


@pytest.fixture(params=CASES, ids=lambda case: "x".join(map(str, case)))
def case(request: pytest.FixtureRequest) -> tuple[Floats, Ints]:
    n, classes, scale = request.param
    logits, labels = random_logits(n, classes, seed=n, scale=scale)
    return logits, labels


def softmax(logits: Floats) -> Floats:
    probabilities: Floats = torch.tensor(logits).softmax(1).numpy()
    return probabilities


def test_accuracies(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    samples = exact_samples(logits, labels)
    assert evaluate("top1", samples) == pytest.approx(
        float(multiclass_accuracy(torch.tensor(logits), torch.tensor(labels), logits.shape[1], average="micro"))
    )
    assert evaluate("mean-per-class", samples) == pytest.approx(balanced_accuracy_score(labels, logits.argmax(1)))
    assert evaluate("top5", samples) == pytest.approx(
        top_k_accuracy_score(labels, logits, k=5, labels=np.arange(logits.shape[1]))
    )


def test_proper_scores(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    samples, classes = exact_samples(logits, labels), np.arange(logits.shape[1])
    assert evaluate("nll", samples) == pytest.approx(log_loss(labels, softmax(logits), labels=classes), rel=1e-9)
    assert evaluate("brier", samples) == pytest.approx(
        brier_score_loss(labels, softmax(logits), labels=classes), rel=1e-9
    )


@pytest.mark.parametrize(("name", "norm"), [("ece15", "l1"), ("rmsce15", "l2"), ("mce15", "max")])
def test_calibration_errors(case: tuple[Floats, Ints], name: str, norm: Any) -> None:
    logits, labels = case
    theirs = multiclass_calibration_error(
        torch.tensor(softmax(logits)), torch.tensor(labels), logits.shape[1], n_bins=15, norm=norm
    )
    assert evaluate(name, exact_samples(logits, labels)) == pytest.approx(float(theirs), rel=2e-5)


def test_classwise_calibration_error(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    probabilities = torch.tensor(softmax(logits).T.copy())
    theirs = [
        float(binary_calibration_error(probabilities[k], torch.tensor((labels == k).astype(np.int64)), n_bins=15))
        for k in range(logits.shape[1])
    ]
    assert evaluate("classwise-ece15", exact_samples(logits, labels)) == pytest.approx(np.mean(theirs), rel=2e-5)


def test_sorted_calibration_errors_by_their_definitions(case: tuple[Floats, Ints]) -> None:
    """Plain loops over the definitions; no library has the three as defined here."""
    logits, labels = case
    samples = exact_samples(logits, labels)
    order = np.argsort(softmax(logits).max(1))
    confidence = softmax(logits).max(1)[order]
    correct = (logits.argmax(1) == labels)[order].astype(np.float64)
    running, worst = 0.0, 0.0
    for each, hit in zip(confidence, correct, strict=True):
        running += each - hit
        worst = max(worst, abs(running))
    assert evaluate("ks-error", samples) == pytest.approx(worst / len(labels), rel=1e-9)
    bins = list(zip(np.array_split(confidence, 15), np.array_split(correct, 15), strict=True))
    adaptive = sum(abs(c.mean() - h.mean()) * len(c) for c, h in bins) / len(labels)
    assert evaluate("adaptive-ece15", samples) == pytest.approx(adaptive, rel=1e-9)
    squares = sum(
        ((c.mean() - h.mean()) ** 2 - h.mean() * (1 - h.mean()) / (len(h) - 1)) * len(c) / len(labels) for c, h in bins
    )
    assert evaluate("debiased-rmsce15", samples) == pytest.approx(max(0.0, squares) ** 0.5, rel=1e-9)


def test_uncertainty_is_that_of_scipy(case: tuple[Floats, Ints]) -> None:
    """Four networks drawn around one: their mean prediction, and what they disagree on."""
    logits, labels = case
    drawn = logits + np.random.default_rng(0).normal(scale=0.7, size=(4, *logits.shape))
    probabilities = scipy.special.softmax(drawn, axis=2)
    expected = scipy.stats.entropy(probabilities, axis=2).mean(axis=0)
    samples = exact_samples(np.log(probabilities.mean(axis=0)), labels)
    bayesian = replace(samples, columns=replace(samples.columns, expected_entropy=expected))
    total = scipy.stats.entropy(probabilities.mean(axis=0), axis=1)
    assert evaluate("predictive-entropy", bayesian) == pytest.approx(total.mean(), rel=1e-9)
    assert evaluate("mutual-information", bayesian) == pytest.approx((total - expected).mean(), rel=1e-9)
    assert evaluate("mean-confidence", bayesian) == pytest.approx(probabilities.mean(axis=0).max(1).mean(), rel=1e-9)


def test_uncertainty_errors_by_their_definitions(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    classes = logits.shape[1]
    uncertainty = scipy.stats.entropy(softmax(logits), axis=1) / np.log(classes)
    wrong = (logits.argmax(1) != labels).astype(np.float64)

    def binned(bins: int, factor: float) -> float:
        total = 0.0
        for low in range(bins):
            inside = (uncertainty > low / bins) & (uncertainty <= (low + 1) / bins)
            if inside.any():
                total += inside.mean() * abs(uncertainty[inside].mean() - factor * wrong[inside].mean())
        return total

    samples = exact_samples(logits, labels)
    assert evaluate("uce15", samples) == pytest.approx(binned(15, 1.0), rel=1e-9)
    assert evaluate("uce15-scaled", samples) == pytest.approx(binned(15, classes / (classes - 1)), rel=1e-9)
    assert evaluate("uce8-mohan", samples) == pytest.approx(100 * binned(8, 2.0), rel=1e-9)


def test_selective_accuracy_by_its_definition(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    order = np.argsort(-softmax(logits).max(1))
    correct = (logits.argmax(1) == labels)[order]
    rates = [correct[: answered + 1].mean() for answered in range(len(correct))]
    assert evaluate("aurra", exact_samples(logits, labels)) == pytest.approx(np.mean(rates), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "threshold"), [("classwise-adaptive-ece15", 0.0), ("thresholded-adaptive-ece15", 0.01)]
)
def test_classwise_adaptive_errors_by_their_definition(name: str, threshold: float, case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    errors = []
    for k, p in enumerate(softmax(logits).T):
        order = [i for i in np.argsort(p, kind="stable") if p[i] > threshold]
        bins = zip(np.array_split(p[order], 15), np.array_split((labels == k)[order], 15), strict=True)
        errors.append(sum(abs(c.mean() - h.mean()) * len(c) / len(order) for c, h in bins if len(c)))
    assert evaluate(name, exact_samples(logits, labels)) == pytest.approx(np.mean(errors), rel=1e-9)


def test_the_debiased_error_is_what_a_thousand_draws_tend_to(case: tuple[Floats, Ints]) -> None:
    logits, labels = case
    samples = exact_samples(logits, labels)
    drawn = drawn_debiased_error(samples.columns.confidence(), samples.columns.correct(), 15, np.random.RandomState(1))
    ours = evaluate("debiased-ece15", samples)
    assert abs(ours - max(0.0, drawn.mean())) < 4 * drawn.std() / len(drawn) ** 0.5


def test_corruption_errors_by_their_definition() -> None:
    """A plain loop over corruptions and severities, in the order of the sums of the paper."""
    mistakes = random_mistakes(3)
    assert mistakes.clean is not None
    errors = {condition: wrong.mean() for condition, wrong in mistakes.by_condition.items()}
    clean, ratios, relative = mistakes.clean.mean(), [], []
    for name, alexnet in ALEXNET.items():
        theirs = [alexnet] * 5
        ours = [errors[f"{name}/{severity}"] for severity in range(1, 6)]
        ratios.append(sum(ours) / sum(theirs))
        relative.append(sum(e - clean for e in ours) / sum(t - 0.4348 for t in theirs))
    assert METRICS["mce-official-alexnet"].compute(mistakes) == pytest.approx(np.mean(ratios), rel=1e-12)
    assert METRICS["relative-mce-official-alexnet"].compute(mistakes) == pytest.approx(np.mean(relative), rel=1e-12)


@pytest.mark.parametrize("digits", [1, 6], ids=["many ties", "few ties"])
@pytest.mark.parametrize("sizes", [(300, 200), (20, 500), (1, 1)])
def test_detection(digits: int, sizes: tuple[int, int]) -> None:
    generator = np.random.default_rng(sizes[0] + digits)
    inside = generator.normal(0.7, 1.0, sizes[0]).round(digits)
    outside = generator.normal(0.0, 1.0, sizes[1]).round(digits)
    pair, scores = Detection(inside, outside), np.concatenate([inside, outside])
    is_inside = np.repeat([1, 0], sizes)
    assert METRICS["auroc"].compute(pair) == pytest.approx(roc_auc_score(is_inside, scores))
    for side, truth, score in (("in", is_inside, scores), ("out", 1 - is_inside, -scores)):
        precision, recall, _ = precision_recall_curve(truth, score)
        assert METRICS[f"aupr-{side}"].compute(pair) == pytest.approx(auc(recall, precision))
        ours = of_curve(average_precision, side)(pair)(np.ones((1, sum(sizes))))
        assert float(ours[0]) == pytest.approx(average_precision_score(truth, score))
        fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)
        name = "fpr95-id-pos" if side == "in" else "fpr95-ood-pos"
        assert METRICS[name].compute(pair) == pytest.approx(fpr[np.argmax(tpr >= 0.95 - 1e-12)])
