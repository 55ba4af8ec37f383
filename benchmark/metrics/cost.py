"""What a checkpoint costs: bytes, non-zeros, FLOPs, measured latency, throughput, memory and energy."""

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

    ``flops``: of one image at the model's input size, 2 a multiplication by a non-zero weight; ``flops_dense`` by any
    weight; None where positions are unknown. ``latency_ms``: the time of each repeat of one forward pass, after
    warm-up. ``throughput``: images a second in each repeat of a batch. ``peak_memory_bytes``: of that batch.
    ``energy_joules``: an image of it, or None with ``no_energy_reason``. None where nothing was measured.
    """

    bytes: int
    nonzeros: int
    flops: float | None = None
    latency_ms: Float[np.ndarray, " t"] | None = None
    flops_dense: float | None = None
    throughput: Float[np.ndarray, " s"] | None = None
    peak_memory_bytes: int | None = None
    energy_joules: float | None = None
    no_energy_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CountMetric(Metric[Cost]):
    """A number that is counted, not sampled."""

    count: Callable[[Cost], float | None]
    reason: Callable[[Cost], str | None] = lambda _: None

    subject: ClassVar[str] = "cost"

    def compute(self, subject: Cost) -> float:
        """The count; raises :class:`~benchmark.errors.MetricUndefinedError` where it is unknown."""
        counted = self.count(subject)
        if counted is None:
            raise MetricUndefinedError(self.reason(subject) or f"{self.title} is not known for this checkpoint")
        if not np.isfinite(counted) or counted < 0:
            raise MetricError(f"Expected a count of {self.unit}, got {counted}.")
        return float(counted)

    def size(self, subject: Cost) -> int:  # noqa: ARG002
        """One checkpoint."""
        return 1


@dataclass(frozen=True, kw_only=True)
class TimingMetric(ResampledMetric[Cost]):
    """A statistic of repeated timings."""

    timings: Callable[[Cost], Float[np.ndarray, " t"] | None]

    subject: ClassVar[str] = "cost"

    def size(self, subject: Cost) -> int:
        """The number of timings."""
        return self.samples(subject).size

    def samples(self, subject: Cost) -> Float[np.ndarray, " t"]:
        """The timings; raises :class:`~benchmark.errors.MetricUndefinedError` where none were made."""
        timings = self.timings(subject)
        if timings is None:
            raise MetricUndefinedError(f"{self.title.lower()} was not measured here")
        if timings.size == 0 or not (timings > 0).all():
            raise MetricError("Expected timings above 0, got none or some that are not.")
        return timings


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
    name: str,
    title: str,
    unit: str,
    count: Callable[[Cost], float | None],
    definition: str,
    pitfalls: str,
    *,
    needs: str | None = None,
    source: str = "counted from the checkpoint's tensors",
    no_interval_reason: str = "counted, not sampled",
    reason: Callable[[Cost], str | None] = lambda _: None,
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
            source=source,
            pitfalls=pitfalls,
            needs=(needs or name,),
            interval=Interval.NONE,
            no_interval_reason=no_interval_reason,
            count=count,
            reason=reason,
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
_register(
    "flops-dense",
    "FLOPs, zeros included",
    "operations per image",
    lambda cost: cost.flops_dense,
    "2 x weights x output positions, summed over prunable layers, for one image at the model's input size.",
    "What a dense kernel computes; the same for a model and its dense parent.",
    needs="flops_dense",
)
_register(
    "peak-memory",
    "Peak memory",
    "bytes",
    lambda cost: cost.peak_memory_bytes,
    "The most bytes of tensors that are alive at once in a forward pass of one batch: weights, input, activations.",
    "Of the batch size that the task states. On a GPU it is the allocator's count; on a CPU what operations borrow "
    "inside themselves is not seen.",
    needs="peak_memory_bytes",
    source="measured",
    no_interval_reason="one pass was weighed",
)
_register(
    "energy",
    "Energy",
    "joules per image",
    lambda cost: cost.energy_joules,
    "Energy that the device's own counter reports over the timed batches, divided by their images.",
    "Of the whole device, whatever else runs on it; counters move in steps of up to a tenth of a second.",
    needs="energy_joules",
    source="measured: NVML of a GPU, RAPL of a processor",
    no_interval_reason="one reading of the counter",
    reason=lambda cost: cost.no_energy_reason,
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
        timings=lambda cost: cost.latency_ms,
    )
)
METRICS.register("throughput")(
    TimingMetric(
        name="throughput",
        title="Throughput",
        unit="images per second",
        direction="higher",
        lower_bound=0.0,
        upper_bound=None,
        definition="Median over repeats of a batch's images by the time of its forward pass, after warm-up.",
        source="measured",
        pitfalls="Compare rows of one device, batch size and thread count only. Without decoding and preprocessing.",
        needs=("throughput",),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=median,
        timings=lambda cost: cost.throughput,
    )
)
