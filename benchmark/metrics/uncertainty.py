"""How uncertain a model is, and how much of that is because its posterior has not settled; and how sure."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..columns import Columns
from ..errors import MetricUndefinedError
from . import METRICS
from ._metric import Interval, SampleMetric, mean_of


def predictive_entropy(columns: Columns) -> Float[np.ndarray, " n"]:
    """The entropy of each image's predictive distribution in nats: total uncertainty."""
    return columns.entropy.astype(np.float64)


def mutual_information(columns: Columns) -> Float[np.ndarray, " n"]:
    """Predictive entropy less the mean entropy of the networks drawn from the posterior, in nats: their disagreement.

    At least 0, by Jensen's inequality; what rounding leaves below is 0.
    """
    if columns.expected_entropy is None:
        raise MetricUndefinedError("one network answered: there is nothing to disagree on")
    return np.maximum(columns.entropy.astype(np.float64) - columns.expected_entropy.astype(np.float64), 0.0)


ENTROPY = SampleMetric(
    name="predictive-entropy",
    title="Predictive entropy",
    unit="nats",
    direction="none",
    lower_bound=0.0,
    upper_bound=None,
    definition="Mean entropy of the predictive distribution; of a Bayesian model, of the mean of its networks' "
    "probabilities.",
    source="Depeweg et al. 2018 (arXiv 1710.07283)",
    pitfalls="Total uncertainty: ambiguous images and an unsettled posterior look the same. Grows with the number of "
    "classes.",
    needs=("entropy",),
    interval=Interval.BASIC_BOOTSTRAP,
    statistic=mean_of(lambda samples: predictive_entropy(samples.columns)),
)
METRICS.register(ENTROPY.name)(ENTROPY)

METRICS.register("mutual-information")(
    replace(
        ENTROPY,
        name="mutual-information",
        title="Mutual information of prediction and weights",
        definition="Mean of the predictive entropy less the mean entropy of the networks drawn from the posterior.",
        source="Houlsby et al. 2011 (arXiv 1112.5745); Depeweg et al. 2018 (arXiv 1710.07283)",
        pitfalls="Exists for models with several networks only. Too small by the finite number of networks drawn: "
        "compare models with as many.",
        needs=("entropy", "expected_entropy"),
        statistic=mean_of(lambda samples: mutual_information(samples.columns)),
    )
)

METRICS.register("mean-confidence")(
    replace(
        ENTROPY,
        name="mean-confidence",
        title="Mean confidence",
        unit="fraction",
        upper_bound=1.0,
        definition="Mean of the largest probability.",
        source="Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599)",
        pitfalls="Equal to accuracy for a calibrated model, and for many a model that is not: signs cancel.",
        needs=("log_normaliser",),
        statistic=mean_of(lambda samples: samples.columns.confidence()),
    )
)
