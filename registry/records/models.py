"""Models as people speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Availability = Literal["hub", "import", "make", "not_redistributable", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model as people speak of it; ``parent`` is the slug or hub id of its dense model.

    The parent is the one it was pruned from, or, for a network that was sparse from the start, the one that its makers
    compare it with.

    ``listed`` is False where only a private submission knows the model; it is written with a new model alone.

    ``source_url``, ``source_sha256`` and ``source_licence`` tell of the file that the authors give; ``recipe`` is the
    command that makes the model; ``training_flops`` counts multiplications and additions apart.

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
    source_url: str | None = None
    source_sha256: str | None = None
    source_licence: str | None = None
    recipe: str | None = None
    listed: bool = True
    id: int | None = None
    created_us: int = 0

    @property
    def name(self) -> str:
        """The slug, or else the hub id."""
        return self.slug or self.hub_id or ""


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model that a query found, with its ``values`` of the fields that the query names (None where unknown).

    Sparsities and accuracies are fractions, bytes and counts plain numbers, metrics in the unit of the metric.
    """

    model: ModelRecord
    values: Mapping[str, float | str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The slug, or else the hub id."""
        return self.model.name


@dataclass(frozen=True, kw_only=True)
class MetricMeant:
    """The metric that a query meant, its ``reference`` with every version: ``imagenet@1.top1@1@as-published@1``."""

    reference: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class ModelPage:
    """Some of the ``total`` models that a query found; ``metrics`` says what its metrics meant.

    None stands for a metric of which no model has a value. Where nothing was found, ``notes`` are sentences that name
    the values that no model has, with the nearest one.
    """

    rows: tuple[ModelRow, ...]
    total: int
    metrics: Mapping[str, MetricMeant | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
