"""Models, their checkpoints by identity, and the Hub commits that hold them."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds


class Model(Base):
    """One pruned (or dense) network as people speak of it; its bytes are a :class:`Checkpoint`."""

    __tablename__ = "model"
    __table_args__ = (
        CheckConstraint(
            "availability in ('hub', 'import', 'make', 'not_redistributable', 'unknown')", name="availability"
        ),
        CheckConstraint("slug is not null or hub_id is not null", name="named"),
        CheckConstraint("sparsity_target >= 0 and sparsity_target < 1", name="sparsity_target"),
        Index("ix_model_method_architecture", "method", "architecture"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str | None] = mapped_column(unique=True)
    hub_id: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str]
    owner: Mapped[str]
    method: Mapped[str]
    architecture: Mapped[str]
    sparsity_target: Mapped[float]
    pattern: Mapped[str] = mapped_column(default="unstructured")
    replicate: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model.id"))
    upstream_data: Mapped[str | None]
    licence: Mapped[str | None]
    training_epochs: Mapped[float | None]
    training_flops: Mapped[float | None]
    label_smoothing: Mapped[float | None]
    distillation: Mapped[str | None]
    upstream_top1: Mapped[float | None]
    upstream_top1_source: Mapped[str | None]
    availability: Mapped[str]
    availability_detail: Mapped[str | None]
    caveat: Mapped[str | None]
    source_url: Mapped[str | None]
    source_sha256: Mapped[str | None]
    source_licence: Mapped[str | None]
    recipe: Mapped[str | None]
    hidden_reason: Mapped[str | None]
    # False: a submission of which nothing is published yet.
    listed: Mapped[bool] = mapped_column(default=True)
    created_us: Mapped[int] = mapped_column(Microseconds)


class TrainingData(Base):
    """One data set that a model is declared to have been trained on, besides its ``upstream_data``; lower case."""

    __tablename__ = "training_data"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    data: Mapped[str] = mapped_column(primary_key=True, index=True)


class Checkpoint(Base):
    """Weights by identity: the same tensors, architecture and preprocessing are the same checkpoint everywhere."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        UniqueConstraint("densified_hash", "architecture", "preprocessing_hash"),
        # All that a search asks of a checkpoint: the row itself has kilobytes of layers.
        Index(
            "ix_checkpoint_counts",
            "model_id",
            "listed",
            "prunable_nonzeros",
            "prunable_elements",
            "nonzeros",
            "elements",
            "stored_nonzeros",
            "stored_elements",
            "dead_channels",
            "bytes_dense",
            "flops_sparse",
            "flops_dense",
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), index=True)
    densified_hash: Mapped[str]
    architecture: Mapped[str]
    preprocessing_hash: Mapped[str]
    preprocessing: Mapped[dict[str, Any]]
    bytes_dense: Mapped[int] = mapped_column(BigInteger)
    nonzeros: Mapped[int] = mapped_column(BigInteger)
    elements: Mapped[int] = mapped_column(BigInteger)
    prunable_nonzeros: Mapped[int] = mapped_column(BigInteger)
    prunable_elements: Mapped[int] = mapped_column(BigInteger)
    layers: Mapped[list[Any]]
    pattern: Mapped[str]
    mask_hash: Mapped[str]
    flops_dense: Mapped[float | None]
    flops_sparse: Mapped[float | None]
    stored_elements: Mapped[int | None] = mapped_column(BigInteger)
    stored_nonzeros: Mapped[int | None] = mapped_column(BigInteger)
    dead_channels: Mapped[int | None]
    encodings: Mapped[dict[str, Any] | None]
    dtypes: Mapped[list[Any] | None]
    # False: only private submissions know these weights, and no page shows what was measured of them.
    listed: Mapped[bool] = mapped_column(default=True)
    created_us: Mapped[int] = mapped_column(Microseconds)


class CheckpointRevision(Base):
    """One file at one Hub commit that holds a checkpoint."""

    __tablename__ = "checkpoint_revision"
    __table_args__ = (UniqueConstraint("hub_endpoint", "hub_repo", "commit_oid", "file_name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoint.id"), index=True)
    hub_endpoint: Mapped[str]
    hub_repo: Mapped[str]
    commit_oid: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_us: Mapped[int] = mapped_column(Microseconds)
