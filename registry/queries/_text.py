"""Text that both databases compare, order and search alike.

SQLite folds and orders ASCII by bytes; PostgreSQL does what its locale says, unless told otherwise.
"""

import string
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class bytewise(FunctionElement[str]):  # noqa: N801 - written like an SQL function
    """The text, in the order of its UTF-8 bytes."""

    inherit_cache = True
    type = String()


@compiles(bytewise)
def _bytewise(element: bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(bytewise, "postgresql")
def _bytewise_postgresql(element: bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


def folded(column: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """The text with its ASCII letters in lower case; other letters stay as they are."""
    return func.lower(bytewise(column))


def fold(text: str) -> str:
    """What :func:`folded` does, for a value."""
    return text.translate(_LOWER)
