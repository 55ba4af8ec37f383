"""Whether the database's own checks find its file sound."""

from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from ..errors import CatalogueDamagedError
from .failures import unavailable
from .session import reading

_SHOWN = 3


def require_sound(engine: Engine) -> None:
    """Raise :class:`CatalogueDamagedError` when a SQLite file has damaged pages or rows that point nowhere.

    PostgreSQL checks foreign keys at every write and its pages when it reads them: there is nothing to ask it.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with reading(engine).connect() as connection:
            pages = [str(row[0]) for row in connection.execute(text("pragma integrity_check")) if row[0] != "ok"]
            orphans = [f"{row[0]} row {row[1]} points to no {row[2]}" for row in _orphans(connection)]
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error
    problems = pages + orphans
    if problems:
        more = f" … and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise CatalogueDamagedError(
            f"The catalogue is damaged: {'; '.join(problems[:_SHOWN])}{more}.",
            "Restore a backup: prunarium db restore FILE --replace",
        )


def _orphans(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text("pragma foreign_key_check"))]
