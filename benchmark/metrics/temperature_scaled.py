"""Calibration after temperature scaling: the same formulas at the temperature that the predictions carry."""

from dataclasses import replace

from . import METRICS
from ._metric import SampleMetric
from .brier import BRIER
from .calibration_error import ECE15
from .nll import NLL


def after_temperature(metric: SampleMetric) -> SampleMetric:
    """``metric`` of the logits divided by the fitted temperature."""
    return replace(
        metric,
        name=f"{metric.name}-ts",
        title=f"{metric.title}, temperature-scaled",
        definition=f"{metric.name} of the logits divided by T, with T fitted by NLL on images of the source "
        "distribution that are not tested on; the same T on every shift.",
        source="Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599)",
        pitfalls="Descents that stop early give another T (1.025 instead of 0.841). Without mistakes on the fitting "
        "split T has no optimum, and the number is left out.",
        needs=(*metric.needs, "temperature"),
        tempered=True,
    )


for _metric in (NLL, BRIER, ECE15):
    METRICS.register(f"{_metric.name}-ts")(after_temperature(_metric))
