"""The embedded hub's contributors: a repository knows who made it, and members may have one role more."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MEMBER = sa.Table(
    "hub_member",
    sa.MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"}),
    sa.Column("organisation_id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, primary_key=True),
    sa.Column("role", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("organisation_id", "account_id", name="pk_hub_member"),
    sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["hub_organisation.account_id"],
        name="fk_hub_member_organisation_id_hub_organisation",
        link_to_name=True,
    ),
    sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_hub_member_account_id_account", link_to_name=True),
    sa.CheckConstraint("role in ('read', 'contributor', 'write', 'admin')", name="role"),
)
_REFERENCED = [
    sa.Table("account", _MEMBER.metadata, sa.Column("id", sa.Integer, primary_key=True)),
    sa.Table("hub_organisation", _MEMBER.metadata, sa.Column("account_id", sa.Integer, primary_key=True)),
]


def upgrade() -> None:
    """A repository was made by the author of its first commit. There is no downgrade."""
    op.execute("alter table hub_repo add column creator varchar")
    op.execute(
        "update hub_repo set creator = "
        "(select author from hub_commit where hub_commit.repo_id = hub_repo.id order by hub_commit.id limit 1)"
    )
    # SQLite cannot change a constraint: the few members move to a new table.
    connection = op.get_bind()
    members = [row._asdict() for row in connection.execute(sa.select(_MEMBER))]
    op.drop_table("hub_member")
    _MEMBER.create(connection)
    if members:
        op.bulk_insert(_MEMBER, members)
