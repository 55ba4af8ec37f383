"""The page ``docs/speed.md`` and the JSON form of a run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from .machine import Machine
from .measurement import Measurement, Outcome

COLUMNS = ("What", "Against", "Kind", "Ratio", "Range", "Ours", "Theirs", "Per", "Repeats")

_HEAD = """\
# Speed, as ratios

Written by `make speed`; not by hand. A ratio is the other's time (or size) divided by ours for the same work in the
same run: **above 1 we are faster (or smaller), below 1 slower**. A *peer* is other code for the same task; a *limit* is
work that cannot be avoided, so a ratio of 0.5 against a limit means half of the speed that is possible. Contenders take
turns within each repeat; the ratio is the median over repeats, the range its smallest and largest. Their answers are
compared before anything is timed. No test depends on these numbers.
"""


def page(machine: Machine, outcomes: Sequence[Outcome], measurements: Mapping[str, Measurement]) -> str:
    """The whole page: machine, table, and what each measurement compares."""
    notes = [
        f"* **{measurement.title}**: `{measurement.ours}`. {measurement.compared}"
        for measurement in measurements.values()
    ]
    return "\n".join([_HEAD, machine_text(machine), "", *table(outcomes), "", "## What is compared", "", *notes, ""])


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """The lines of the table, one row an outcome."""
    rows = [
        (
            outcome.title,
            outcome.against,
            outcome.kind,
            *_ratios(outcome),
            _amount(outcome.ours_amount, outcome),
            _amount(outcome.against_amount, outcome),
            outcome.unit,
            str(outcome.repeats),
        )
        for outcome in outcomes
    ]
    rule = ("---", "---", "---", "---:", "---:", "---:", "---:", "---", "---:")
    return [f"| {' | '.join(row)} |" for row in (COLUMNS, rule, *rows)]


def parse_table(text: str) -> list[dict[str, str]]:
    """The rows of a page's table by column; raises ValueError when it has no table of these columns."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(cells) < 3 or tuple(cells[0]) != COLUMNS:
        raise ValueError("The page has no table of measurements.")
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells[2:]]


def as_json(machine: Machine, outcomes: Iterable[Outcome]) -> str:
    """``machine`` and ``outcomes`` with stable names; seconds are per unit of work."""
    document = {"machine": {**asdict(machine), "busy": machine.busy}, "outcomes": [asdict(each) for each in outcomes]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def machine_text(machine: Machine) -> str:
    """The machine in a sentence, and whether others used it meanwhile."""
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    facts = (
        f"Measured on {machine.date}: {machine.cpu}, {machine.cores} cores ({machine.torch_threads} torch threads), "
        f"{machine.memory_gib:g} GiB, {machine.system}, Python {machine.python}; {packages}."
    )
    if machine.wall_seconds is not None:
        facts += f" The run took {machine.wall_seconds:.0f} s."
    if machine.others_fraction is None:
        return facts + " What else ran on the machine is not known."
    others = f"other processes took {machine.others_fraction:.0%} of its processor time"
    if machine.busy:
        return f"{facts}\n\n**The machine was busy** ({others}): times too long, a range across 1 decides nothing."
    return f"{facts} The machine was quiet ({others})."


def _ratios(outcome: Outcome) -> tuple[str, str]:
    if outcome.ratio is None or outcome.ratio_low is None or outcome.ratio_high is None:
        return "–", f"not measured: {outcome.missing}".replace("|", "/").replace("\n", " ")
    if outcome.repeats == 1:
        return f"**{_ratio(outcome.ratio)}**", "–"
    return f"**{_ratio(outcome.ratio)}**", f"{_ratio(outcome.ratio_low)} – {_ratio(outcome.ratio_high)}"


def _amount(value: float | None, outcome: Outcome) -> str:
    if value is None:
        return "–"
    return f"{value / 1e6:.3f} MB" if outcome.quantity == "size" else _time(value)


def _ratio(value: float) -> str:
    """Two or three digits: a ratio earns no more.

    >>> _ratio(141.3), _ratio(14.72), _ratio(3.52), _ratio(0.514)
    ('141', '14.7', '3.5', '0.51')
    """
    digits = 0 if value >= 100 else 1 if value >= 1 else 2 if value >= 0.1 else 4
    return f"{value:.{digits}f}"


def _time(seconds: float) -> str:
    """Three digits in the unit that fits.

    >>> _time(3340.0), _time(0.0471), _time(0.0000471)
    ('3340 s', '47.1 ms', '47.1 µs')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            value = seconds / size
            break
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
