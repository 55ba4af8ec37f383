"""Times for people."""

from datetime import UTC, datetime


def when(at_us: int) -> str:
    """A time of the database as people write it, in UTC.

    >>> when(0)
    '1970-01-01 00:00'
    """
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
