"""What is measured of a checkpoint beside its zeros, where a model comes from, and the indexes of the search.

The new columns may be null: what an older version did not measure stays unknown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTS = [
    "model_id",
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
]
_CELL = ["metric_id", "task_id", "protocol_id"]
_ANY_VALUE = "superseded_by is null and value is not null"
_WHOLE_VALUE = f"condition = '' and {_ANY_VALUE}"


def upgrade() -> None:
    """Add the columns and the indexes. The way back is a backup: there is no downgrade."""
    op.add_column("checkpoint", sa.Column("stored_elements", sa.BigInteger))
    op.add_column("checkpoint", sa.Column("stored_nonzeros", sa.BigInteger))
    op.add_column("checkpoint", sa.Column("dead_channels", sa.Integer))
    op.add_column("checkpoint", sa.Column("encodings", sa.JSON))
    op.add_column("checkpoint", sa.Column("dtypes", sa.JSON))
    op.add_column("model", sa.Column("source_url", sa.String))
    op.add_column("model", sa.Column("source_sha256", sa.String))
    op.add_column("model", sa.Column("source_licence", sa.String))
    op.add_column("model", sa.Column("recipe", sa.String))
    op.create_index("ix_checkpoint_counts", "checkpoint", _COUNTS)
    _index_of_values("ix_result_trust", ["model_id", "trust", "checkpoint_id"], _ANY_VALUE)
    _index_of_values("ix_result_whole_value", [*_CELL, "model_id", "checkpoint_id", "value"], _WHOLE_VALUE)


def _index_of_values(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "result", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
