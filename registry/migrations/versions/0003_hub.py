"""The embedded hub's people: two kinds of gates, requests for access, organisations, discussions."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_schema = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Referenced by foreign keys of the new tables; they exist already.
_OLD = [sa.Table(name, _schema, sa.Column("id", sa.Integer, primary_key=True)) for name in ("account", "hub_repo")]


def upgrade() -> None:
    """A gate says how requests are answered; pull requests become discussions. There is no downgrade."""
    # In plain SQL: SQLite's batch mode would copy the table, and dropping the old one would cascade.
    op.execute(
        "alter table hub_repo add column gate varchar constraint ck_hub_repo_gate check (gate in ('auto', 'manual'))"
    )
    op.execute("update hub_repo set gate = 'manual' where gated")
    op.execute("alter table hub_repo drop column gated")
    # Xet containers lie elsewhere from now on: with another address clients send them again.
    store = sa.table("hub_store", sa.column("store_id"))
    op.execute(store.update().values(store_id=uuid.uuid4().hex))
    op.create_index("ix_hub_entry_sha256", "hub_entry", ["sha256"])
    _schema.create_all(
        op.get_bind(), tables=[table for table in _schema.sorted_tables if table not in _OLD], checkfirst=False
    )
    op.execute(
        "insert into hub_discussion (repo_id, number, is_pull, title, author, status, base, at_us) "
        "select hub_ref.repo_id, cast(substr(hub_ref.name, 9) as integer), true, hub_commit.title, "
        "hub_commit.author, 'open', 'refs/heads/main', hub_commit.at_us from hub_ref join hub_commit "
        "on hub_commit.repo_id = hub_ref.repo_id and hub_commit.oid = hub_ref.commit_oid "
        "where hub_ref.name like 'refs/pr/%'"
    )


def _repo() -> sa.Column[int]:
    return sa.Column("repo_id", sa.Integer, sa.ForeignKey("hub_repo.id", ondelete="CASCADE"), nullable=False)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    sa.Table(name, _schema, *parts)


_table(
    "hub_upload",
    sa.Column("repo_id", sa.Integer, sa.ForeignKey("hub_repo.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

_table(
    "hub_organisation",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

_table(
    "hub_member",
    sa.Column("organisation_id", sa.Integer, sa.ForeignKey("hub_organisation.account_id"), primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("role", sa.String, nullable=False),
    sa.CheckConstraint("role in ('read', 'write', 'admin')", name="role"),
)

_table(
    "hub_access",
    sa.Column("id", sa.Integer, primary_key=True),
    _repo(),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("asked", sa.Boolean, nullable=False),
    sa.Column("fields", sa.JSON),
    sa.Column("reason", sa.String),
    sa.Column("decided_by", sa.String),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("repo_id", "account_id"),
    sa.CheckConstraint("status in ('pending', 'accepted', 'rejected')", name="status"),
)

_table(
    "hub_discussion",
    sa.Column("id", sa.Integer, primary_key=True),
    _repo(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("is_pull", sa.Boolean, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("base", sa.String),
    sa.Column("merge_oid", sa.String),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("repo_id", "number"),
    sa.CheckConstraint("status in ('draft', 'open', 'closed', 'merged')", name="status"),
    sa.CheckConstraint("is_pull = (base is not null)", name="base"),
    sa.CheckConstraint("(status = 'merged') = (merge_oid is not null)", name="merged"),
)

_table(
    "hub_event",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "discussion_id",
        sa.Integer,
        sa.ForeignKey("hub_discussion.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("key", sa.String, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind in ('comment', 'status-change', 'title-change')", name="kind"),
)
