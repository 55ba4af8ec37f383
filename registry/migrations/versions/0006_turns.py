"""The queue's fair order, what evaluations are charged, and workers without the database."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NAMING = {
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
_METADATA = sa.MetaData(naming_convention=_NAMING)
_REFERENCED = [sa.Table(name, _METADATA, sa.Column("id", sa.Integer, primary_key=True)) for name in ("account", "job")]
_OPERATOR = sa.Table(
    "operator",
    _METADATA,
    sa.Column("worker_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("operator_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
)
_DELIVERY = sa.Table(
    "delivery",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("job_id", "attempt"),
)
_WORKER = sa.Table(
    "worker",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", sa.String, nullable=False, unique=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id")),
    sa.Column("device", sa.String),
    sa.Column("started_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
)


def upgrade() -> None:
    """Jobs that wait keep their order: all of them have the first turn. There is no downgrade."""
    op.add_column("job", sa.Column("turn", sa.Double, nullable=False, server_default="0"))
    op.add_column("job", sa.Column("device_minutes", sa.Double))
    op.add_column("job", sa.Column("delivered", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("submission_job", sa.Column("device_minutes", sa.Double))
    op.drop_index("ix_job_state", "job")
    op.create_index("ix_job_state", "job", ["state", "turn", "id"])
    for table in (_OPERATOR, _DELIVERY, _WORKER):
        table.create(op.get_bind())
    op.create_index("ix_worker_seen_us", "worker", ["seen_us"])
