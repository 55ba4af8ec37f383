"""Run what is missing of the evidence about the methods and write ``docs/methods.md``: ``make methods-report``.

``run.py [--seconds N] [--kind KIND] [--only METHOD ...]``: begins no run after N seconds; the next call goes on. Every
answer is one line of ``docs/methods_runs.jsonl``. A run whose settings changed is run again; ``--again METHOD`` forgets
its answers.
"""

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from tests.evidence import stored
from tests.evidence.digits_run import digits_run, parent_file, warm_up
from tests.evidence.forked import in_a_process
from tests.evidence.imagenet_size_run import imagenet_size_run
from tests.evidence.methods_page import page
from tests.evidence.run_key import DIGITS, EQUAL_BUDGET, IMAGENET_SIZE, RunKey, planned
from zoo.core.versions import code_version

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "methods.md"
PARENTS = ROOT / "build" / "evidence"


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 1 where a run failed."""
    parser = argparse.ArgumentParser(prog="tests/evidence/run.py", description="Evidence about the pruning methods.")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after so many")
    parser.add_argument("--only", nargs="*", help="methods to run")
    parser.add_argument("--kind", choices=(DIGITS, EQUAL_BUDGET, IMAGENET_SIZE), help="runs of this kind only")
    parser.add_argument("--again", nargs="*", default=(), help="methods whose answers are forgotten first")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    answers = {key: answer for key, answer in stored.read().items() if answer["method"] not in options.again}
    runs, deadline, failed = list(planned()), time.monotonic() + options.seconds, 0
    if options.seconds > 0:
        warm_up()
    for run in runs:
        chosen = options.kind in (None, run.kind) and (not options.only or run.method in options.only)
        missing = "cpu_seconds" not in answers.get(run.id, {}) or _parent_is_missing(run)
        if not (chosen and missing) or time.monotonic() > deadline:
            continue
        answer = _answer(run)
        failed += "error" in answer
        sys.stderr.write(f"{run.kind} {run.architecture} {run.method} {run.target} {run.seed}: {answer}\n")
        answers[run.id] = answer
        stored.append(answer)
    stored.keep(answers, {run.id for run in runs})
    PAGE.write_text(page([answers[run.id] for run in runs if run.id in answers], len(runs)), encoding="utf-8")
    left = sum(run.id not in answers for run in runs)
    sys.stdout.write(f"{len(runs) - left} of {len(runs)} runs; written to {PAGE}\n")
    return 1 if failed else 0


def _answer(run: RunKey) -> dict[str, Any]:
    facts = {**asdict(run), "id": run.id, "code": code_version()}
    try:
        answer, cost = in_a_process(
            lambda: imagenet_size_run(run) if run.kind == IMAGENET_SIZE else digits_run(run, PARENTS)
        )
    except RuntimeError as error:
        return {**facts, "error": str(error)}
    return {**facts, **answer, "cpu_seconds": round(cost.cpu_seconds, 2), "peak_mib": round(cost.peak_bytes / 2**20)}


def _parent_is_missing(run: RunKey) -> bool:
    return run.kind == DIGITS and run.method == "dense" and not parent_file(run, PARENTS).exists()


if __name__ == "__main__":
    sys.exit(main())
