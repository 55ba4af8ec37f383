"""What crosses package borders: frozen records without SQLAlchemy, one field per column.

Other rows are named, not numbered: a model by slug or hub id, a task, protocol, shift, suite or metric as
``name@version``. Accuracies and other shares are fractions in [0, 1]; times end in ``_us`` (integer microseconds since
1970, database clock). Fields that the database fills (ids, times) are ``None`` or 0 in a record that is to be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Availability = Literal["hub", "import", "make", "not_redistributable", "unknown"]
Trust = Literal["reported", "derived", "rescored", "measured"]
FailureKind = Literal["transient", "out_of_memory", "timeout", "bad_model", "bad_data", "bug"]
JobState = Literal["queued", "leased", "done", "failed"]
SubmissionState = Literal[
    "draft", "received", "checking", "queued", "running", "done", "rejected", "failed", "withdrawn"
]
Visibility = Literal["private", "public", "hidden"]


@dataclass(frozen=True, kw_only=True)
class MethodRecord:
    """A pruning method; ``facts`` holds what its plugin declares (mask behaviour, whether the target is exact)."""

    name: str
    version: int = 1
    title: str
    family: str
    paper: str | None = None
    citation: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ArchitectureRecord:
    """A network; ``input_size`` is (channels, height, width), ``parameters`` a count."""

    name: str
    title: str
    input_size: tuple[int, ...]
    parameters: int | None = None
    timm_name: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProtocolRecord:
    """How a checkpoint becomes predictions; ``kind`` is as_published, linear or full."""

    name: str
    version: str
    kind: Literal["as_published", "linear", "full"]
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """What is measured on; ``n_test`` images, ``primary_metric`` as ``name@version``."""

    name: str
    version: str
    kind: Literal["upstream", "transfer", "shift", "ood", "cost"]
    title: str
    classes: int | None = None
    n_test: int | None = None
    primary_metric: str | None = None
    licence: str | None = None
    citation: str | None = None
    source: str | None = None
    superseded_by: str | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ShiftRecord:
    """What ``task`` (of kind shift) shifts, and its conditions in order, such as ``gaussian_noise/3``."""

    task: str
    source_task: str
    regenerated: bool
    conditions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SuiteRecord:
    """A versioned list of cells.

    ``content["cells"]`` is a list of ``{"task": "name@version", "protocol": "name@version", "metrics": ["name@version",
    ...], "seeds": [0, ...]}``; ``metrics`` and ``seeds`` may be left out (all metrics; the runner's default seeds).
    """

    name: str
    version: str
    title: str
    content: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MetricRecord:
    """A number's unit, direction of better, bounds and definition."""

    name: str
    version: int
    title: str
    unit: str
    direction: Literal["higher", "lower", "none"]
    lower_bound: float | None = None
    upper_bound: float | None = None
    definition: str
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model as people speak of it; ``parent`` is the slug or hub id of its dense model.

    The parent is the one it was pruned from, or, for a network that was sparse from the start, the one that its makers
    compare it with.

    In a write, a field that is ``None`` means "not known here" and leaves what the catalogue knows.
    """

    slug: str | None
    hub_id: str | None = None
    title: str
    owner: str
    method: str
    architecture: str
    sparsity_target: float
    pattern: str = "unstructured"
    replicate: int = 0
    parent: str | None = None
    upstream_data: str | None = None
    licence: str | None = None
    training_epochs: float | None = None
    training_flops: float | None = None
    label_smoothing: float | None = None
    distillation: str | None = None
    upstream_top1: float | None = None
    upstream_top1_source: str | None = None
    availability: Availability
    availability_detail: str | None = None
    caveat: str | None = None
    id: int | None = None
    created_us: int = 0

    @property
    def name(self) -> str:
        """The slug, or else the hub id."""
        return self.slug or self.hub_id or ""


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """Weights by identity (densified hash, architecture, preprocessing hash), and what was counted in their bytes.

    ``layers`` holds one mapping per tensor: name, shape, elements, nonzeros, prunable.
    """

    densified_hash: str
    architecture: str
    preprocessing_hash: str
    preprocessing: Mapping[str, Any]
    bytes_dense: int
    nonzeros: int
    elements: int
    prunable_nonzeros: int
    prunable_elements: int
    layers: tuple[Mapping[str, Any], ...]
    pattern: str
    mask_hash: str
    flops_dense: float | None = None
    flops_sparse: float | None = None
    id: int | None = None
    model_id: int | None = None
    created_us: int = 0

    @property
    def sparsity_prunable(self) -> float:
        """Fraction of zeros among the prunable weights (0 when there are none)."""
        return 1.0 - self.prunable_nonzeros / self.prunable_elements if self.prunable_elements else 0.0

    @property
    def sparsity_total(self) -> float:
        """Fraction of zeros among all elements."""
        return 1.0 - self.nonzeros / self.elements if self.elements else 0.0


@dataclass(frozen=True, kw_only=True)
class RevisionRecord:
    """One file at one Hub commit (40 hex digits) that holds a checkpoint."""

    hub_endpoint: str
    hub_repo: str
    commit_oid: str
    file_name: str
    file_sha256: str
    size_bytes: int
    id: int | None = None
    checkpoint_id: int | None = None
    created_us: int = 0


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
    """The per-sample predictions of a job, by the address of their blob; sparsities are fractions (prunable)."""

    blob_sha256: str
    array_hash: str
    size_bytes: int
    n: int
    condition: str = ""
    sparsity_before: float | None = None
    sparsity_after: float | None = None
    id: int | None = None
    job_id: int | None = None
    created_us: int = 0


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One evaluation as its worker sees it; ``attempt`` and ``lease_owner`` are the fence of every write."""

    id: int
    checkpoint_id: int
    model: str
    task: str
    protocol: str
    seed: int
    state: JobState
    attempt: int
    max_attempts: int
    batch_divisor: int
    lease_owner: str | None
    lease_expires_us: int | None
    heartbeat_us: int | None
    not_before_us: int
    failure_kind: FailureKind | None
    failure_message: str | None
    created_us: int
    finished_us: int | None


@dataclass(frozen=True, kw_only=True)
class SubmissionRecord:
    """Somebody's request to evaluate a model; ``reason`` is a code of :mod:`registry.reasons` or a failure kind."""

    id: int
    public_id: str
    account: str | None
    hub_endpoint: str
    hub_repo: str
    revision: str
    suite: str
    checkpoint_id: int | None
    state: SubmissionState
    visibility: Visibility
    reason: str | None
    detail: str | None
    check_attempt: int
    lease_owner: str | None
    lease_expires_us: int | None
    heartbeat_us: int | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, kw_only=True)
class TransitionRecord:
    """One step of a submission."""

    old_state: SubmissionState | None
    new_state: SubmissionState
    reason: str | None
    detail: str | None
    actor: str
    at_us: int
