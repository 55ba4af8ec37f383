"""What a checkpoint costs: bytes, non-zeros, FLOPs and measured latency."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..errors import MetricError, MetricUndefinedError
from . import METRICS
from ._metric import Interval, Metric, ResampledMetric, Statistic


@dataclass(frozen=True, eq=False)
class Cost:
    """What was counted from a checkpoint's bytes and measured on one device.

    ``flops``: of one image at the model's input size, 2 a multiplication by a non-zero weight; None where positions
    are unknown. ``latency_ms``: the time of each repeat of one forward pass, after warm-up; None where none was timed.
    """

    bytes: int
    nonzeros: int
    flops: float | None = None
    latency_ms: Float[np.ndarray, " t"] | None = None


@dataclass(frozen=True, kw_only=True)
class CountMetric(Metric[Cost]):
    """A number that is counted, not sampled."""

    count: Callable[[Cost], float | None]

    subject: ClassVar[str] = "cost"

    def compute(self, subject: Cost) -> float:
        """The count; raises :class:`~benchmark.errors.MetricUndefinedError` where it is unknown."""
        counted = self.count(subject)
        if counted is None:
            raise MetricUndefinedError(f"{self.title} is not known for this checkpoint")
        if not np.isfinite(counted) or counted < 0:
            raise MetricError(f"Expected a count of {self.unit}, got {counted}.")
        return float(counted)

    def size(self, subject: Cost) -> int:  # noqa: ARG002
        """One checkpoint."""
        return 1


@dataclass(frozen=True, kw_only=True)
class TimingMetric(ResampledMetric[Cost]):
    """A statistic of repeated timings."""

    subject: ClassVar[str] = "cost"

    def size(self, subject: Cost) -> int:
        """The number of timings."""
        return self.samples(subject).size

    def samples(self, subject: Cost) -> Float[np.ndarray, " t"]:
        """The timings; raises :class:`~benchmark.errors.MetricUndefinedError` where none were made."""
        if subject.latency_ms is None:
            raise MetricUndefinedError("latency was not measured here")
        if subject.latency_ms.size == 0 or not (subject.latency_ms > 0).all():
            raise MetricError("Expected timings above 0 ms, got none or some that are not.")
        return subject.latency_ms


def median(timings: Float[np.ndarray, " t"]) -> Statistic:
    """The median: half-way between the two middle ones where their number is even."""
    ordered = np.sort(timings.astype(np.float64))
    order = np.argsort(timings, kind="stable")

    def evaluate(counts: Float[np.ndarray, "r t"]) -> Float[np.ndarray, " r"]:
        upto = np.cumsum(counts[:, order], axis=1)
        half = upto[:, -1:] / 2
        middle: Float[np.ndarray, " r"] = (
            ordered[(upto >= half).argmax(axis=1)] + ordered[(upto > half).argmax(axis=1)]
        ) / 2
        return middle

    return evaluate


def _register(
    name: str, title: str, unit: str, count: Callable[[Cost], float | None], definition: str, pitfalls: str
) -> None:
    METRICS.register(name)(
        CountMetric(
            name=name,
            title=title,
            unit=unit,
            direction="lower",
            lower_bound=0.0,
            upper_bound=None,
            definition=definition,
            source="counted from the checkpoint's tensors",
            pitfalls=pitfalls,
            needs=(name,),
            interval=Interval.NONE,
            no_interval_reason="counted, not sampled",
            count=count,
        )
    )


_register(
    "bytes",
    "Size",
    "bytes",
    lambda cost: cost.bytes,
    "Bytes of the dense safetensors file.",
    "A pruned file is as large as its dense parent until it is packed; see nonzeros.",
)
_register(
    "nonzeros",
    "Non-zeros",
    "parameters",
    lambda cost: cost.nonzeros,
    "Elements of floating-point tensors that are not zero; both signs of zero count as zero.",
    "Counted from bytes, buffers and all; never taken from what a model card says.",
)
_register(
    "flops",
    "FLOPs",
    "operations per image",
    lambda cost: cost.flops,
    "2 x non-zeros x output positions, summed over prunable layers, for one image at the model's input size.",
    "An upper bound on what sparsity can save: dense kernels compute the zeros too. Counts that call a "
    "multiply-accumulate one operation are half of this.",
)

METRICS.register("latency-ms")(
    TimingMetric(
        name="latency-ms",
        title="Latency",
        unit="milliseconds",
        direction="lower",
        lower_bound=0.0,
        upper_bound=None,
        definition="Median time of a forward pass of one batch, after warm-up, on the device that the row names.",
        source="measured",
        pitfalls="Compare rows of one device, batch size and thread count only. Unstructured zeros save no time in "
        "dense kernels.",
        needs=("latency_ms",),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=median,
    )
)
