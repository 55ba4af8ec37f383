"""Some cells on all models of a catalogue, as ``benchmark run`` does it.

Called with FOLDERS EXECUTOR WORKERS, in the environment of the catalogue. Exits with 0 when every job has ended.
"""

import sys
from pathlib import Path

from benchmark.placement import Placement
from benchmark.runner import run
from benchmark.suites import Cell, Suite
from registry.settings import load_settings

# Cheap ones of each kind, and one that fails for good, which must stop none of the others.
SUITE = Suite(
    "cells",
    "1",
    "Cheap cells",
    (
        Cell("digits-0-4@1", "as-published@1"),
        Cell("digits-5-9@1", "as-published@1"),
        Cell("cost@1", "as-published@1"),
        Cell("digits-5-9@1", "linear@1"),
    ),
)
IMPOSSIBLE = ("digits-5-9@1", "as-published@1")


def evaluate(folders: Path, executor: str, workers: int) -> None:
    """Run the suite to its end."""
    report = run(load_settings(), SUITE, executor=executor, placement=Placement(workers=workers), folders=folders)
    print(report.to_json())  # noqa: T201


if __name__ == "__main__":
    evaluate(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
