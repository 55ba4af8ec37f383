"""Which images an evaluation got right, a bit an image, and the images themselves, once.

The new columns may be null: evaluations of older versions get them from their predictions by ``benchmark rescore``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table and the columns. There is no downgrade."""
    op.create_table(
        "image_set",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_set")),
        sa.UniqueConstraint("sha256", name=op.f("uq_image_set_sha256")),
    )
    # SQLite adds a constraint by copying the table; batch mode does that.
    with op.batch_alter_table("prediction") as table:
        table.add_column(sa.Column("image_set_id", sa.Integer))
        table.add_column(sa.Column("correct", sa.LargeBinary))
        table.create_foreign_key(op.f("fk_prediction_image_set_id_image_set"), "image_set", ["image_set_id"], ["id"])
        table.create_check_constraint(op.f("ck_prediction_answers"), "(image_set_id is null) = (correct is null)")
