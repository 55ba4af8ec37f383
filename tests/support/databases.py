"""For tests that are much work on each kind of database and about what both do alike."""

import pytest

sqlite_first = pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])],
    indirect=True,
)
"""On PostgreSQL in `make test-full` only."""

postgresql_first = pytest.mark.parametrize(
    "database_kind",
    [pytest.param("sqlite", marks=pytest.mark.slow), pytest.param("postgresql", marks=pytest.mark.postgres)],
    indirect=True,
)
"""On SQLite in `make test-full` only."""
