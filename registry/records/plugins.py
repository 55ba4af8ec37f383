"""What is known of the plugins: methods, architectures, protocols, tasks, shifts, suites, metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


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
