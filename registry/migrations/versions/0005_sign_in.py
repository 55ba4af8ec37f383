"""Sign-in to the site, moderation, and the data that models were trained on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

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
_OLD = [
    sa.Table(name, _schema, sa.Column("id", sa.Integer, primary_key=True)) for name in ("account", "token", "model")
]

_REFUSE_ON_SQLITE = """
create trigger audit_event_no_update before update on audit_event
begin select raise(abort, 'the audit log is never changed'); end
"""
_REFUSAL_OF_POSTGRESQL = """
create function audit_event_unchanged() returns trigger language plpgsql as
$$ begin raise exception 'the audit log is never changed'; end $$
"""
_REFUSE_ON_POSTGRESQL = """
create trigger audit_event_no_update before update on audit_event
for each row execute function audit_event_unchanged()
"""


def upgrade() -> None:
    """New tables and columns; from now on the database itself refuses to change the audit log. There is no downgrade.

    Deleting is not refused: a catalogue is restored by replacing all rows.
    """
    op.execute("alter table account add column disabled_us bigint")
    op.execute("alter table model add column hidden_reason varchar")
    new = [table for table in _schema.sorted_tables if table not in _OLD]
    _schema.create_all(op.get_bind(), tables=new, checkfirst=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_REFUSE_ON_SQLITE)
    else:
        op.execute(_REFUSAL_OF_POSTGRESQL)
        op.execute(_REFUSE_ON_POSTGRESQL)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _account(*, index: bool = True) -> sa.Column[int]:
    return sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=index)


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


sa.Table(
    "identity",
    _schema,
    _id(),
    _account(),
    sa.Column("issuer", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    _time("created_us"),
    sa.UniqueConstraint("issuer", "subject"),
)

sa.Table(
    "sign_in_link",
    _schema,
    _id(),
    _account(),
    sa.Column("secret_sha256", sa.String, nullable=False, unique=True),
    _time("created_us"),
    _time("expires_us"),
    _time("used_us", nullable=True),
)

sa.Table(
    "web_session",
    _schema,
    _id(),
    _account(),
    sa.Column("token_id", sa.Integer, sa.ForeignKey("token.id")),
    sa.Column("secret_sha256", sa.String, nullable=False, unique=True),
    sa.Column("way", sa.String, nullable=False),
    _time("created_us"),
    _time("expires_us"),
    _time("ended_us", nullable=True),
)

sa.Table(
    "use_count",
    _schema,
    sa.Column("subject", sa.String, primary_key=True),
    sa.Column("window_us", sa.BigInteger, primary_key=True),
    sa.Column("uses", sa.Integer, nullable=False),
)

sa.Table(
    "flag",
    _schema,
    _id(),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    _account(index=False),
    sa.Column("reason", sa.String, nullable=False),
    _time("created_us"),
    _time("closed_us", nullable=True),
    sa.Column("closed_by", sa.String),
    sa.CheckConstraint("kind in ('model', 'submission')", name="kind"),
    sa.CheckConstraint("(closed_us is null) = (closed_by is null)", name="closed"),
    sa.Index("ix_flag_subject", "kind", "subject"),
)

sa.Table(
    "training_data",
    _schema,
    sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id"), primary_key=True),
    sa.Column("data", sa.String, primary_key=True, index=True),
)
