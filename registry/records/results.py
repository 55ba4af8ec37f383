"""What was measured or published, and the predictions that it was computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..image_sets import Answers

Trust = Literal["reported", "derived", "rescored", "measured"]


@dataclass(frozen=True, kw_only=True)
class ResultRecord:
    """One value of one metric, or the reason why there is none.

    Either ``value`` or ``missing_reason``; a value has an interval (``ci_low``, ``ci_high``, ``interval_method``) or a
    ``no_interval_reason``. ``replicates`` are packed by :func:`registry.statistics.pack_replicates`. ``condition``
    names a part of a shift (``gaussian_noise/3``), empty otherwise. ``std`` is over ``runs`` runs.
    """

    model: str
    task: str
    protocol: str
    metric: str
    value: float | None
    missing_reason: str | None = None
    seed: int | None = None
    condition: str = ""
    n: int | None = None
    runs: int = 1
    std: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    interval_method: str | None = None
    no_interval_reason: str | None = None
    replicates: bytes | None = field(default=None, repr=False)
    trust: Trust = "measured"
    source: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None
    job_id: int | None = None
    checkpoint_id: int | None = None
    superseded_by: int | None = None
    created_us: int = 0


@dataclass(frozen=True, kw_only=True)
class PredictionRecord:
    """The per-sample predictions of a job, by the address of their blob; sparsities are fractions (prunable).

    ``answers`` are written with it and never read back as a part of it.
    """

    blob_sha256: str
    array_hash: str
    size_bytes: int
    n: int
    condition: str = ""
    sparsity_before: float | None = None
    sparsity_after: float | None = None
    answers: Answers | None = field(default=None, repr=False)
    id: int | None = None
    job_id: int | None = None
    created_us: int = 0
