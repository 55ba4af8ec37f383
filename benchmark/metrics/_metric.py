"""What a metric is: facts that the catalogue shows, and one formula over weighted samples.

A formula is written once, as a function of *counts*: how often each image is drawn. Counts of one give the value, the
counts of a bootstrap resample give a replicate, so a value and its interval can never follow two definitions.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from ..errors import MetricError, MetricUndefinedError
from ..predictions import Predictions
from ..samples import Samples
from ._resampling import REPLICATES, in_blocks, resample_counts

Direction = Literal["higher", "lower", "none"]
Subject = TypeVar("Subject")
Statistic = Callable[[Float[np.ndarray, "r n"]], Float[np.ndarray, " r"]]
"""Counts of r resamples of n images -> r values."""

Draw = Callable[[Statistic], Float[np.ndarray, " r"]]
"""A statistic -> its values over the resamples of a task."""


class Interval(StrEnum):
    """How a metric's interval is made.

    Basic and stratified bootstraps end in the basic formula, which mirrors the bias of resampling away: the percentiles
    of a calibrated network's ECE never hold the truth. Where neither holds it, a metric has ``limits`` of its own.
    """

    WILSON = "wilson"
    BASIC_BOOTSTRAP = "basic-bootstrap"
    STRATIFIED_BOOTSTRAP = "stratified-bootstrap"
    BOOTSTRAP_BAND = "bootstrap-band"
    CENTRED_BOOTSTRAP = "centred-bootstrap"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Metric(ABC, Generic[Subject]):
    """The frozen facts of a metric. A change that changes a number is a new ``version``; old rows keep the old one.

    ``needs`` names what a subject must have: columns of :mod:`benchmark.columns`, ``gaps`` (all classes) or
    ``temperature``; where one is not kept, the number cannot be worked out again and is missing with that reason.
    ``unit`` is ``fraction``, ``nats``, ``bytes`` ...; bounds are None where there is none. ``per_class_count`` says
    that classes of zero mass, which no image has and none is predicted, change the number.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    lower_bound: float | None
    upper_bound: float | None
    definition: str
    source: str
    pitfalls: str
    needs: tuple[str, ...]
    interval: Interval
    version: int = 1
    no_interval_reason: str | None = None
    per_class_count: bool = False

    subject: ClassVar[str]

    @abstractmethod
    def compute(self, subject: Subject) -> float:
        """The number. Raises :class:`~benchmark.errors.MetricUndefinedError` where there is none."""

    @abstractmethod
    def size(self, subject: Subject) -> int:
        """How many images (or timings) the number is about."""

    def replicates(self, subject: Subject, seed: int, replicates: int = REPLICATES) -> Float[np.ndarray, " r"] | None:  # noqa: ARG002
        """The bootstrap's values, or None for a number that is not a statistic of a sample."""
        return None

    def own_limits(self, subject: Subject, seed: int, replicates: int = REPLICATES) -> tuple[float, float] | None:  # noqa: ARG002
        """The interval of a metric that does not take it from its replicates, else None."""
        return None


@dataclass(frozen=True, kw_only=True)
class ResampledMetric(Metric[Subject]):
    """A metric whose formula is a function of counts; ``strata`` groups images that are resampled among themselves.

    ``limits`` works the interval out of the samples and whatever it draws, where quantiles of replicates are none.
    """

    statistic: Callable[[Any], Statistic]
    strata: Callable[[Any], Int[np.ndarray, " n"]] | None = None
    limits: Callable[[Any, Draw], tuple[float, float]] | None = None

    @abstractmethod
    def samples(self, subject: Subject) -> Any:
        """What ``statistic`` and ``strata`` are given."""

    def compute(self, subject: Subject) -> float:
        """The value at counts of one."""
        return self.evaluate(self.samples(subject), self.size(subject))

    def evaluate(self, samples: Any, n: int) -> float:
        """The value of samples in whatever precision they have; :meth:`compute` gives it what is stored."""
        value = float(self.statistic(samples)(np.ones((1, n)))[0])
        if not np.isfinite(value):
            raise MetricError(f"{self.name} of {n} images is {value}: this is an error in the metric.")
        return value

    def replicates(self, subject: Subject, seed: int, replicates: int = REPLICATES) -> Float[np.ndarray, " r"]:
        """The values of ``replicates`` resamples that depend on ``seed``, the size and the strata alone."""
        samples = self.samples(subject)
        return self._drawn(subject, samples, seed, replicates)(self.statistic(samples))

    def own_limits(self, subject: Subject, seed: int, replicates: int = REPLICATES) -> tuple[float, float] | None:
        """``limits``, of the same resamples."""
        if self.limits is None:
            return None
        samples = self.samples(subject)
        return self.limits(samples, self._drawn(subject, samples, seed, replicates))

    def _drawn(self, subject: Subject, samples: Any, seed: int, replicates: int) -> Draw:
        counts = self.resample(samples, self.size(subject), seed, replicates)
        return lambda statistic: np.concatenate([statistic(block) for block in in_blocks(counts)])

    def resample(self, samples: Any, n: int, seed: int, replicates: int) -> UInt8[np.ndarray, "r n"]:
        """How often each image is drawn in each resample."""
        return resample_counts(n, seed, replicates, None if self.strata is None else self.strata(samples))


@dataclass(frozen=True, kw_only=True)
class SampleMetric(ResampledMetric[Predictions]):
    """A metric of the predictions of one condition; ``tempered`` reads them at their fitted temperature."""

    tempered: bool = False

    subject: ClassVar[str] = "predictions"

    def size(self, subject: Predictions) -> int:
        """The number of images."""
        return len(subject)

    def samples(self, subject: Predictions) -> Samples:
        """The stored samples, at their own temperature or at the fitted one."""
        if (reason := subject.lacks(self.needs)) is not None:
            raise MetricUndefinedError(reason)
        if self.tempered and subject.temperature is not None:
            return subject.samples.at_temperature(subject.temperature)
        return subject.samples


def mean_of(per_sample: Callable[[Samples], Float[np.ndarray, " n"]]) -> Callable[[Samples], Statistic]:
    """The statistic that is a mean over images: one matrix product for all replicates."""

    def statistic(samples: Samples) -> Statistic:
        values = per_sample(samples).astype(np.float64)
        return lambda counts: counts @ values / counts.sum(axis=1)

    return statistic
