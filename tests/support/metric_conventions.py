"""How other codes define what we define otherwise: ways of cutting bins, and estimates by other means.

Each is written from the other code's description and tested by the golden value that the code itself gave.
"""

import numpy as np
from metric_inputs import Floats, Ints


def left_closed_and_one_apart(values: Floats, bins: int) -> Ints:
    """torchmetrics: bins [a, b), and a bin of its own for 1."""
    return np.searchsorted(np.arange(1, bins + 1) / bins, values, side="right")


def left_closed_last_closed(values: Floats, bins: int) -> Ints:
    """np.histogram, netcal: bins [a, b), the last one [a, b]."""
    edges = np.linspace(0, 1, bins + 1)  # 0.6000000000000001 and the like: numpy multiplies its edges out
    return np.minimum(np.searchsorted(edges[1:], values, side="right"), bins - 1)


def by_quantiles(values: Floats, bins: int) -> Ints:
    """netcal with ``equal_intervals=False``: edges at interpolated quantiles."""
    return np.searchsorted(np.quantile(values, np.arange(1, bins) / bins), values, side="left")


def by_rounded_positions(values: Floats, bins: int) -> Ints:
    """robustness_metrics' adaptive bins: edges are the values at rounded positions, each the first of its bin."""
    positions = np.round(np.linspace(0, len(values), bins, endpoint=False)).astype(int)
    return np.searchsorted(np.sort(values)[positions[1:]], values, side="right")


def unweighted_mean(share: Floats, gap: Floats) -> Floats:
    """netcal's ACE, the *average* calibration error: every bin with images counts the same."""
    mean: Floats = np.abs(gap).sum(axis=1) / (share > 0).sum(axis=1)
    return mean


def clipped_nll(probabilities: Floats, labels: Ints) -> float:
    """The mistake: float32 probabilities, clipped at 1e-7 before the logarithm."""
    true = probabilities.astype(np.float32)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, np.float32(1e-7)), dtype=np.float64).mean())


def root_mean_square_in_bins_of(size: int, confidence: Floats, correct: Floats, dropped: int = 0) -> float:
    """Hendrycks' calibration error in bins of ``size`` images by confidence, the last ``dropped`` bins left out."""
    order = np.argsort(confidence)
    bins = [order[start : start + size] for start in range(0, len(order), size)]
    kept = bins[: len(bins) - dropped]
    return float(sum(len(b) / len(order) * (confidence[b] - correct[b]).mean() ** 2 for b in kept) ** 0.5)


def drawn_debiased_error(confidence: Floats, correct: Floats, bins: int, state: np.random.RandomState) -> Floats:
    """verified_calibration's debiased l1 error in its two parts: 2 x plug-in less each of a thousand draws.

    Raises ValueError, as the code does, where a bin holds fewer than two images.
    """
    order = np.argsort(confidence)
    parts = np.array_split(order, bins)
    if min(map(len, parts)) < 2:
        raise ValueError("a bin with fewer than two images")
    weight = np.array([len(part) / len(order) for part in parts])
    accuracy, mean = (np.array([values[part].mean() for part in parts]) for values in (correct, confidence))
    noise = np.sqrt(accuracy * (1 - accuracy) / [len(part) for part in parts])
    draws = np.array([weight @ np.abs(state.normal(accuracy, noise) - mean) for _ in range(1000)])
    debiased: Floats = 2 * weight @ np.abs(accuracy - mean) - draws
    return debiased


def nearest_recall_rate(positive: Floats, negative: Floats) -> float:
    """torch-uncertainty's FPR95: at the threshold whose recall is *nearest* to 95 %, be it below."""
    thresholds = np.sort(np.concatenate([positive, negative]))
    recall = np.array([(positive >= t).mean() for t in thresholds])
    return float((negative >= thresholds[np.abs(recall - 0.95).argmin()]).mean())


def average_precision(tp: Floats, fp: Floats) -> Floats:
    """scikit-learn's area under the precision-recall curve: by steps instead of trapezoids."""
    precision = np.where(tp + fp > 0, tp / np.maximum(tp + fp, 1.0), 1.0)
    area: Floats = np.sum(np.diff(tp, axis=1, prepend=0.0) * precision, axis=1) / tp[:, -1]
    return area
