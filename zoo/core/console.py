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
    Without rows only the title is printed.

    Columns that do not fit the terminal are left out from the right and named below. ``at_most``: for news that nobody
    reads line by line, the rows to show before "and n more".
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 200)
    if not rows:
        console.print(title, style="italic")
        return
    cells = {key: ["–" if row.get(key) is None else str(row[key]) for row in rows[:at_most]] for key in columns}
    fitting = _fitting(columns, cells, console.width)
    table = Table(title=title, title_justify="left", show_edge=False)
    for key in fitting:
        table.add_column(columns[key], overflow="fold", no_wrap=key == fitting[0])
    for line in zip(*(cells[key] for key in fitting), strict=True):
        table.add_row(*line)
    console.print(table)
    if len(fitting) < len(columns):
        console.print(f" more columns with --json: {', '.join(list(columns.values())[len(fitting) :])}")
    if at_most is not None and len(rows) > at_most:
        console.print(f" … and {len(rows) - at_most} more; --json lists all")


def _fitting(columns: Mapping[str, str], cells: Mapping[str, Sequence[str]], width: int) -> list[str]:
    """The columns that stand side by side without breaking a cell, two at least; headings may break at words."""
    left = width
    fitting: list[str] = []
    for key, heading in columns.items():
        left -= 3 + max((len(text) for text in [*heading.split(), *cells[key]]), default=0)
        if left < 0 and len(fitting) >= 2:
            break
        fitting.append(key)
    return fitting


def say(message: str) -> None:
    """A line of news for a person, on stderr, so that stdout holds results only."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
