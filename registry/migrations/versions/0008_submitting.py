"""Submissions say what stands beside the files, and what they found stays private until it is published."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INDEXED = (
    "model_id", "listed", "prunable_nonzeros", "prunable_elements", "nonzeros", "elements", "stored_nonzeros",
    "stored_elements", "dead_channels", "bytes_dense", "flops_sparse", "flops_dense",
)  # fmt: skip


def upgrade() -> None:
    """Everything that is there stays as visible as it was. There is no downgrade."""
    for table in ("model", "checkpoint"):
        op.add_column(table, sa.Column("listed", sa.Boolean, nullable=False, server_default=sa.true()))
    op.drop_index("ix_checkpoint_counts", "checkpoint")
    op.create_index("ix_checkpoint_counts", "checkpoint", list(_INDEXED))
    op.add_column("submission", sa.Column("kind", sa.String, nullable=False, server_default="weights"))
    for name in ("method", "parent", "training_data", "note", "replaces", "flagged"):
        op.add_column("submission", sa.Column(name, sa.String))
