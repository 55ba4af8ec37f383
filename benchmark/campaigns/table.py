"""The table of a campaign: what the authors claim beside what was measured here."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["within", "outside", "no claim", "not measured"]


@dataclass(frozen=True)
class Row:
    """One checkpoint. ``claimed``, ``ours``, ``low`` and ``high`` are fractions; ``sparsity`` of the prunable weights.

    ``stage`` is how far it came (``left out``, ``import``, ``make``, ``check``, ``publish``: it failed there;
    ``published``, ``measured``), ``detail`` why not further, or why nothing was claimed.
    """

    slug: str
    claimed: float | None = None
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict = "not measured"
    sparsity: float | None = None
    stage: str = "published"
    numbers: int = 0
    failed_jobs: int = 0
    detail: str | None = None


def verdict_of(
    claimed: float | None, ours: float, low: float | None, high: float | None, tolerance_points: float
) -> Verdict:
    """Whether ``claimed`` lies within the interval of ours, widened by the tolerance on both sides.

    The tolerance is for other decoders, other versions and rounded claims; the interval for the images.

    >>> verdict_of(0.7645, 0.7630, 0.7593, 0.7667, 0.3)
    'within'
    >>> verdict_of(0.7645, 0.7500, 0.7462, 0.7538, 0.3)
    'outside'
    """
    if claimed is None:
        return "no claim"
    slack = tolerance_points / 100
    bottom, top = (ours if low is None else low), (ours if high is None else high)
    return "within" if bottom - slack <= claimed <= top + slack else "outside"
