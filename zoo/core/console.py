"""How every command prints: JSON with stable field names on request, otherwise a table."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def emit_json(value: Any) -> None:
    """Print one JSON document on stdout: indented, UTF-8, keys in the order given."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def emit_table(
    title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, at_most: int | None = None
) -> None:
    """Print rows as a table; ``columns`` maps field names to headings, a missing or None field shows as an en dash.

    ``at_most``: for news that nobody reads line by line, the rows to show before "and n more".
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows[:at_most]:
        table.add_row(*("–" if row.get(key) is None else str(row[key]) for key in columns))
    width = None if sys.stdout.isatty() else 200
    console = Console(width=width)
    console.print(table)
    if at_most is not None and len(rows) > at_most:
        console.print(f" … and {len(rows) - at_most} more; --json lists all")


def say(message: str) -> None:
    """A line of news for a person, on stderr, so that stdout holds results only."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
