"""Selective classification: how accurate is a model that may refuse the images it is least sure of?"""

import numpy as np
from jaxtyping import Float

from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
from ._ranked import ranking


def response_rate_accuracy(confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"]) -> Statistic:
    """The mean, over all numbers of answered images from 1 to n, of the accuracy on the most confident ones.

    Of images of equal confidence every order is as likely: with H hits among the N images before a run of s images with
    h hits, the j-th answer of the run has the expected accuracy (H + h j / s) / (N + j), summed by harmonic numbers.
    """
    ranked = ranking(-confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        images, hits = ranked.upto(counts, np.ones(counts.shape[1]), correct)
        n = int(counts[0].sum())
        harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, n + 1))])
        before, hits_before = (np.pad(upto, ((0, 0), (1, 0)))[:, :-1] for upto in (images, hits))
        size, share = images - before, hits - hits_before
        rate = share / np.maximum(size, 1.0)  # a resample may draw no image of a run
        reached, start = (harmonic[upto.round().astype(np.int64)] for upto in (images, before))
        area: Float[np.ndarray, " r"] = (share + (hits_before - rate * before) * (reached - start)).sum(axis=1) / n
        return area

    return statistic


def _of_top_label(samples: Samples) -> Statistic:
    return response_rate_accuracy(samples.columns.confidence(), samples.columns.correct())


METRICS.register("aurra")(
    SampleMetric(
        name="aurra",
        title="Area under the response rate accuracy curve",
        unit="fraction",
        direction="higher",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Mean over m from 1 to n of the top-1 accuracy on the m most confident images; images of equal "
        "confidence in every order.",
        source="Hendrycks et al. 2021, Natural Adversarial Examples (arXiv 1907.07174)",
        pitfalls="Mostly accuracy: compare models of about equal top-1. The published code orders equal confidences "
        "by an unstable sort.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=_of_top_label,
    )
)
