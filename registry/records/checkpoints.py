"""Weights by identity, and the Hub commits that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """Weights by identity (densified hash, architecture, preprocessing hash), and what was counted in their bytes.

    ``layers`` holds one mapping per tensor: name, shape, elements, nonzeros, prunable. ``elements`` counts parameters,
    ``stored_elements`` every floating-point tensor (running statistics in); ``dead_channels`` are output channels
    without a weight; ``encodings`` maps an encoding to the bytes it would take; ``dtypes`` are those of all tensors.
    ``None``: not counted when this was registered. ``listed`` is False where private submissions alone know it; it is
    written with a new checkpoint alone.
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
    stored_elements: int | None = None
    stored_nonzeros: int | None = None
    dead_channels: int | None = None
    encodings: Mapping[str, int] | None = None
    dtypes: tuple[str, ...] | None = None
    listed: bool = True
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

    @property
    def sparsity_stored(self) -> float | None:
        """Fraction of zeros among all stored floating-point values; None where they were not counted."""
        if self.stored_elements is None or self.stored_nonzeros is None:
            return None
        return 1.0 - self.stored_nonzeros / self.stored_elements if self.stored_elements else 0.0


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
