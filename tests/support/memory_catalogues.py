"""Catalogues in memory, each a copy of one that was migrated once: for properties that need hundreds of them."""

import sqlite3
from functools import cache

from sqlalchemy import Engine

from registry.db.schema import upgrade
from registry.db.session import make_engine


@cache
def template() -> sqlite3.Connection:
    """A migrated database in memory."""
    engine = make_engine("sqlite://")
    upgrade(engine)
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    driver_connection(engine).backup(copy)
    engine.dispose()
    return copy


def fresh_catalogue() -> Engine:
    """A catalogue in memory, copied from the migrated one."""
    engine = make_engine("sqlite://")
    template().backup(driver_connection(engine))
    return engine


def driver_connection(engine: Engine) -> sqlite3.Connection:
    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    pooled.close()
    assert isinstance(connection, sqlite3.Connection)
    return connection
