"""The proof runs where a GPU is, and says in one line that there is none; README claims no more than was run."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from proof import Proof, page, prove

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gpu.md"
needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: run on one, with make gpu-proof"
)


@pytest.mark.slow
def test_without_a_gpu_there_is_one_line_and_no_page() -> None:
    before = PAGE.read_bytes() if PAGE.exists() else None
    hidden = {"CUDA_VISIBLE_DEVICES": "", "PATH": "/usr/bin:/bin", "HOME": "/tmp"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "gpu" / "run.py")],
        env=hidden,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert (
        done.stderr == "There is no GPU that torch can use here: nothing was measured, docs/gpu.md was not written.\n"
    )
    assert (PAGE.read_bytes() if PAGE.exists() else None) == before


def test_the_page_has_every_figure() -> None:
    text = page("a GPU", [Proof("resnet50", "bf16", 512, 9.5, 2345.6, 3 * 2**30, 0.0123, 4)])
    assert "| resnet50 | bf16 | 2,346 | 9.5 | 3.00 GiB | 0.012 | 4 of 512 |" in text
    assert "Measured on a GPU." in text


def test_readme_says_that_the_gpu_path_was_not_run_until_the_page_has_figures() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ran = PAGE.exists() and "| resnet50 |" in PAGE.read_text(encoding="utf-8")
    assert ("* The GPU path:" in readme) != ran


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("bf16", 0.2)])
def test_a_gpu_answers_as_a_cpu(precision: str, tolerance: float) -> None:
    proof = prove("resnet50", precision, images=64)
    assert proof.gpu_peak_bytes > 0
    assert proof.largest_difference < tolerance
