"""The tables of traps in docs/ name tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([\w/]*test_\w+\.py)::(test_\w+)`")


@pytest.mark.parametrize("page", ["metrics.md", "benchmark.md"])
def test_every_named_test_is_there(page: str) -> None:
    named = NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert len(named) > 10
    for file, test in named:
        found = [path for path in (ROOT / "tests").rglob(Path(file).name) if str(path).endswith(f"/{file}")]
        assert any(f"def {test}(" in path.read_text(encoding="utf-8") for path in found), f"{file}::{test}"
