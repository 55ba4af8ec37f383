"""Run every measurement, or those named, and write ``docs/speed.md``: ``make speed``.

``run.py [NAME ...] [--json]``: a run of chosen measurements, and one with ``--json``, prints and leaves the page alone.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.speed.machine import observed
from tests.speed.measurement import MEASUREMENTS, Outcome, measure
from tests.speed.report import as_json, page, table
from zoo.core.errors import UsageError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "speed.md"


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 for a measurement that does not exist."""
    parser = argparse.ArgumentParser(prog="tests/speed/run.py", description="Our speed as ratios to peers and limits.")
    parser.add_argument("name", nargs="*", help="measurements to run; all of them when none is named")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="prunarium-speed-", ignore_cleanup_errors=True) as folder:
        _isolate(Path(folder))
        try:
            chosen = {name: MEASUREMENTS[name] for name in options.name or MEASUREMENTS}
        except UsageError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        outcomes: list[Outcome] = []
        with observed() as machine:
            for name, measurement in chosen.items():
                sys.stderr.write(f"{measurement.title} ...\n")
                own = Path(folder) / name
                own.mkdir()
                found = measure(name, measurement, own)
                sys.stderr.write("".join(map(_line, found)))
                outcomes += found
    if options.json:
        sys.stdout.write(as_json(machine, outcomes) + "\n")
    elif options.name:
        sys.stdout.write("\n".join(table(outcomes)) + "\n")
    else:
        PAGE.write_text(page(machine, outcomes, chosen), encoding="utf-8")
        sys.stdout.write("\n".join(table(outcomes)) + f"\n\nWritten to {PAGE}\n")
    return 0


def _line(outcome: Outcome) -> str:
    ratio = f"{outcome.ratio:.3g}" if outcome.ratio is not None else f"nothing ({outcome.missing})"
    return f"  {ratio} against {outcome.against}\n"


def _isolate(folder: Path) -> None:
    """The Hugging Face client reads its environment once, when it is imported: after this."""
    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGINGFACE_", "PRUNARIUM_"))]:
        del os.environ[name]
    os.environ |= {
        "HF_HOME": str(folder / "hf-home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
