"""The interval of one cell of a board: the mean of a metric over the seeds that it was measured with."""

from collections.abc import Sequence

from .records import MetricRecord, ResultRecord
from .report import Range, range_of
from .statistics import Interval, interval_over_seeds, mean_interval

IMAGES_AND_SEEDS = "seeds and images"
SEEDS = "t over seeds"


def cell_interval(rows: Sequence[ResultRecord], metric: MetricRecord | None) -> tuple[Range | None, str | None]:
    """The 95 % interval of the rows' mean, cut to the range of the metric, or None and the reason.

    A single row has its own. Of several seeds it has the noise of the seeds and that of the test images, which all of
    them share (:func:`~registry.statistics.interval_over_seeds`), as far as the rows have intervals over images; else
    that of the seeds alone.
    """
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return None, None
    if len(values) < len(rows):
        return None, f"{len(rows) - len(values)} of {len(rows)} seeds are missing"
    if len(rows) == 1:
        return range_of(rows[0]), rows[0].no_interval_reason
    images = [Interval(row.ci_low, row.ci_high) for row in rows if row.ci_low is not None and row.ci_high is not None]
    if len(images) == len(rows):
        return _cut(interval_over_seeds(values, images), IMAGES_AND_SEEDS, metric), None
    return _cut(mean_interval(values), SEEDS, metric), None


def _cut(interval: Interval, method: str, metric: MetricRecord | None) -> Range:
    low, high = interval
    if metric is not None and metric.lower_bound is not None:
        low = max(low, metric.lower_bound)
    if metric is not None and metric.upper_bound is not None:
        high = min(high, metric.upper_bound)
    return Range(low, high, method)
