"""The kept databases of former schemas, and all rows of a catalogue as plain values."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from registry.db.copying import catalogue_tables

KEPT = Path(__file__).parents[1] / "registry" / "upgrade_assets"


def rows_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every table but the schema's version, with its rows in the order of the key and its columns by name."""
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*sorted(table.columns, key=lambda column: column.name)).order_by(*table.primary_key)
                )
            ]
            for table in catalogue_tables(connection)
        }
