"""Alembic's entry: runs the migrations on the connection and inside the transaction that the caller opened."""

from alembic import context


def run() -> None:
    """Apply the wanted migrations; called by Alembic."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=attributes.get("target_metadata"),
        version_table=attributes["version_table"],
        # SQLite cannot alter constraints: batch mode copies the table.
        render_as_batch=True,
        # The caller's BEGIN IMMEDIATE makes SQLite's DDL transactional too, which Alembic does not assume.
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
