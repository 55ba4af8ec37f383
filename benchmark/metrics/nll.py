"""Negative log-likelihood."""

import numpy as np
from jaxtyping import Float

from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, mean_of


def nll_per_sample(samples: Samples) -> Float[np.ndarray, " n"]:
    """-log p[label] in nats: the log-normaliser minus the label's gap, both of which keep their digits."""
    columns = samples.columns
    return columns.log_normaliser.astype(np.float64) - columns.true_gap.astype(np.float64)


NLL = SampleMetric(
    name="nll",
    title="Negative log-likelihood",
    unit="nats",
    direction="lower",
    lower_bound=0.0,
    upper_bound=None,
    definition="Mean of -log p(label), by log-softmax of the logits in float64.",
    source="standard; Ovadia et al. 2019 (arXiv 1906.02530)",
    pitfalls="Never from clipped float32 probabilities: 2.98 instead of 3.49 nats on a saturated network.",
    needs=("log_normaliser", "true_gap"),
    interval=Interval.BASIC_BOOTSTRAP,
    statistic=mean_of(nll_per_sample),
)
METRICS.register(NLL.name)(NLL)
