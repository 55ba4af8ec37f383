"""Run every measurement, or those named, and write ``docs/speed.md`` and ``docs/site_speed.md``: ``make speed``.

``run.py [NAME ...] [--json]``: a run of chosen measurements, and one with ``--json``, prints and leaves the page of
ratios alone. ``site`` measures the site, whose page is written whenever it is measured.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# As pytest does for the tests.
sys.path += [str(Path(__file__).resolve().parents[1] / "support")]

from tests.speed.machine import observed
from tests.speed.measurement import MEASUREMENTS, Measurement, Outcome, measure
from tests.speed.report import as_json, page, table
from tests.speed.site_report import site_page, site_row
from tests.speed.site_times import measure_site
from zoo.core.errors import UsageError

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, SITE_PAGE, SITE = DOCS / "speed.md", DOCS / "site_speed.md", "site"


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 for a measurement that does not exist."""
    parser = argparse.ArgumentParser(prog="tests/speed/run.py", description="Our speed as ratios to peers and limits.")
    parser.add_argument("name", nargs="*", help=f"measurements to run, or {SITE}; all of them when none is named")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="prunarium-speed-", ignore_cleanup_errors=True) as folder:
        _isolate(Path(folder))
        try:
            names = [name for name in options.name or MEASUREMENTS if name != SITE]
            chosen = {name: MEASUREMENTS[name] for name in names}
        except UsageError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        if SITE in options.name or not options.name:
            _measure_site(Path(folder))
        if chosen:
            _measure_ratios(chosen, Path(folder), as_page=not options.name, json=options.json)
    return 0


def _measure_ratios(chosen: Mapping[str, Measurement], folder: Path, *, as_page: bool, json: bool) -> None:
    outcomes: list[Outcome] = []
    with observed() as machine:
        for name, measurement in chosen.items():
            sys.stderr.write(f"{measurement.title} ...\n")
            own = folder / name
            own.mkdir()
            found = measure(name, measurement, own)
            sys.stderr.write("".join(map(_line, found)))
            outcomes += found
    if json:
        sys.stdout.write(as_json(machine, outcomes) + "\n")
        return
    sys.stdout.write("\n".join(table(outcomes)) + "\n")
    if as_page:
        PAGE.write_text(page(machine, outcomes, chosen), encoding="utf-8")
        sys.stdout.write(f"\nWritten to {PAGE}\n")


def _measure_site(folder: Path) -> None:
    figures = []
    with observed() as machine:
        for figure in measure_site(folder):
            sys.stderr.write(f"{site_row(figure)}\n")
            figures.append(figure)
    SITE_PAGE.write_text(site_page(machine, figures), encoding="utf-8")
    sys.stderr.write(f"Written to {SITE_PAGE}\n")


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
