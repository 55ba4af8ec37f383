"""Uploads once more, and in the full run proposals, in a process whose client was told to leave Xet alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# One test of each way by which bytes go without Xet: single requests, parts, and what is there already.
SHORT = ("test_large_files_of_many_sizes", "test_the_same_large_file_in_a_second_repository")


@pytest.mark.skipif("HF_HUB_DISABLE_XET" in os.environ, reason="this is that process")
@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param([f"{HERE}/test_client_uploads.py::{name}" for name in SHORT], id="short"),
        pytest.param(
            [f"{HERE}/test_client_{name}.py" for name in ("uploads", "pulls")], id="whole", marks=pytest.mark.slow
        ),
    ],
)
def test_without_xet(chosen: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
        env=os.environ | {"HF_HUB_DISABLE_XET": "1"},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout
