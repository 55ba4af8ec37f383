"""What is measured of a checkpoint beside its zeros, where a model comes from, and an index to search results by.

The new columns may be null: what an older version did not measure stays unknown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and the index. The way back is a backup: there is no downgrade."""
    op.add_column("checkpoint", sa.Column("stored_elements", sa.BigInteger))
    op.add_column("checkpoint", sa.Column("stored_nonzeros", sa.BigInteger))
    op.add_column("checkpoint", sa.Column("dead_channels", sa.Integer))
    op.add_column("checkpoint", sa.Column("encodings", sa.JSON))
    op.add_column("checkpoint", sa.Column("dtypes", sa.JSON))
    op.add_column("model", sa.Column("source_url", sa.String))
    op.add_column("model", sa.Column("source_sha256", sa.String))
    op.add_column("model", sa.Column("source_licence", sa.String))
    op.add_column("model", sa.Column("recipe", sa.String))
    op.create_index("ix_result_metric_task", "result", ["metric_id", "task_id", "protocol_id", "model_id"])
