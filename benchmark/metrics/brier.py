"""Brier score, the sum over classes."""

import numpy as np
from jaxtyping import Float

from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, mean_of


def brier_per_sample(samples: Samples) -> Float[np.ndarray, " n"]:
    """sum_k (p_k - [k = label])^2, from 0 to 2.

    With c the confidence and r the other squared probabilities: (1 - c)^2 + r where the label was predicted, else
    (1 - p)^2 - p^2 + c^2 + r with p the label's probability; 1 - c never cancels.
    """
    columns = samples.columns
    log_normaliser = columns.log_normaliser.astype(np.float64)
    rest = columns.rest_squares.astype(np.float64)
    right = np.expm1(-log_normaliser) ** 2 + rest
    true = np.exp(columns.true_gap.astype(np.float64) - log_normaliser)
    wrong = 1.0 - 2.0 * true + np.exp(-2.0 * log_normaliser) + rest
    return np.where(columns.true_rank == 0, right, wrong)


BRIER = SampleMetric(
    name="brier",
    title="Brier score",
    unit="squared probability",
    direction="lower",
    lower_bound=0.0,
    upper_bound=2.0,
    definition="Mean squared distance between the probabilities and the label's indicator, summed over classes.",
    source="Brier 1950; the convention of Ovadia et al. 2019 (arXiv 1906.02530) and scikit-learn's multiclass "
    "brier_score_loss",
    pitfalls="Three conventions are about: the sum (this one, up to 2), half of it, and the mean over classes "
    "(the sum divided by their number).",
    needs=("true_rank", "log_normaliser", "true_gap", "rest_squares"),
    interval=Interval.BASIC_BOOTSTRAP,
    statistic=mean_of(brier_per_sample),
)
METRICS.register(BRIER.name)(BRIER)
