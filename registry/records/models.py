"""Models as people speak of them."""

from dataclasses import dataclass
from typing import Literal

Availability = Literal["hub", "import", "make", "not_redistributable", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model as people speak of it; ``parent`` is the slug or hub id of its dense model.

    The parent is the one it was pruned from, or, for a network that was sparse from the start, the one that its makers
    compare it with.

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
    id: int | None = None
    created_us: int = 0

    @property
    def name(self) -> str:
        """The slug, or else the hub id."""
        return self.slug or self.hub_id or ""
