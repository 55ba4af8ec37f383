"""The hub's tests once more, with its names in PostgreSQL: protocol, races and attacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from catalogues import PostgresServer

HERE = Path(__file__).parent
FILES = ("test_client_repos", "test_races")
MORE = (
    "test_gates",
    "test_client_refs",
    "test_people",
    "test_client_pulls",
    "test_client_uploads",
    "test_client_downloads",
    "test_security_*",
)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "patterns",
    [pytest.param(FILES, id="short", marks=pytest.mark.slow), pytest.param(MORE, id="rest", marks=pytest.mark.slow)],
)
def test_on_postgresql(postgres_server: PostgresServer, postgres_template: str, patterns: tuple[str, ...]) -> None:
    url = postgres_server.create(postgres_template)
    files = sorted(str(path) for pattern in patterns for path in HERE.glob(f"{pattern}.py"))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        env=os.environ | {"PRUNARIUM_TEST_HUB_DATABASE": url, "HF_HUB_DISABLE_XET": "1"},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    postgres_server.drop(url)
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout
