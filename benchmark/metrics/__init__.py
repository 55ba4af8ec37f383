"""Metrics: one file is one metric, or a family that shares its formula.

>>> "ece15" in METRICS
True
"""

from typing import Any

from zoo.core.plugins import Plugins

from ._metric import Metric

METRICS: Plugins[Metric[Any]] = Plugins("metric", package="benchmark.metrics")

from ._measure import Measured, basic_interval, measure  # noqa: E402
from ._resampling import REPLICATES, resampling_seed  # noqa: E402

__all__ = ["METRICS", "REPLICATES", "Measured", "Metric", "basic_interval", "measure", "resampling_seed"]
