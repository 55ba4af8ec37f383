"""Uploads and proposals once more, in a process whose client was told to leave Xet alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif("HF_HUB_DISABLE_XET" in os.environ, reason="this is that process")
def test_without_xet() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *sorted(map(str, HERE.glob("test_client_[pu]*"))),
        ],
        env=os.environ | {"HF_HUB_DISABLE_XET": "1"},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout
