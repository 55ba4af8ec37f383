"""What a measurement is, and how contenders are timed: interleaved, in one process, as ratios.

A ratio is the other's time divided by ours for the same amount of work: above 1 we are faster. Each repeat runs every
contender once, in an order that rotates, so that a busy or throttled moment meets all of them; the ratio is the median
over repeats, its range the smallest and the largest of them. A measurement of size has bytes in place of seconds, the
answers of the contenders, and needs no repeats. Before the repeats every contender runs once untimed, and
their answers are compared: two codes that compute different things have no ratio.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from zoo.core.plugins import Plugins

Kind = Literal["peer", "limit"]
Quantity = Literal["time", "size"]
OURS = "ours"


def nothing() -> None:
    """The default of :attr:`Side.before`."""


@dataclass(frozen=True)
class Side:
    """One contender: ``run`` is timed and does ``units`` units of work; ``before`` runs untimed before each ``run``."""

    run: Callable[[], Any]
    units: float = 1.0
    before: Callable[[], object] = nothing


@dataclass(frozen=True)
class Contest:
    """All contenders, ready to run. ``agree`` gets their answers by name and raises where they contradict."""

    ours: Side
    others: Mapping[str, Side]
    agree: Callable[[Mapping[str, Any]], None]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Announced contenders that cannot run here, and why."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """``against`` names the peers and limits; ``prepare`` gets an empty folder and gives a :class:`Contest` of them.

    ``unit`` is the work that times are given for; ``compared`` says what both sides do, and what only one does.
    """

    title: str
    ours: str
    against: Mapping[str, Kind]
    compared: str
    unit: str
    repeats: int
    prepare: Callable[[Path], AbstractContextManager[Contest]]
    quantity: Quantity = "time"


@dataclass(frozen=True)
class Outcome:
    """One ratio of one measurement; amounts are medians, in seconds or bytes per unit of work.

    Without a ratio, ``missing`` says why.
    """

    measurement: str
    title: str
    ours: str
    against: str
    kind: Kind
    quantity: Quantity
    unit: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ours_amount: float
    against_amount: float | None
    repeats: int
    missing: str | None = None


MEASUREMENTS: Plugins[Measurement] = Plugins("measurement", package="tests.speed.measurements")


class DisagreementError(Exception):
    """Contenders gave different answers to one question."""


def measure(
    name: str, measurement: Measurement, folder: Path, clock: Callable[[], float] = time.perf_counter
) -> list[Outcome]:
    """Run a measurement in ``folder`` (empty); one outcome for each name in its ``against``."""
    with measurement.prepare(folder) as contest:
        sides = {OURS: contest.ours, **contest.others}
        if sorted([*contest.others, *contest.missing]) != sorted(measurement.against):
            raise ValueError(f"{name} announces {sorted(measurement.against)} and brings {sorted(contest.others)}.")
        answers = {}
        for who, side in sides.items():
            side.before()
            answers[who] = side.run()
        contest.agree(answers)
        if measurement.quantity == "size":
            amounts = {who: [answers[who] / side.units] for who, side in sides.items()}
        else:
            del answers
            amounts = _interleaved(sides, measurement.repeats, clock)
    return [_outcome(name, measurement, other, amounts, contest.missing.get(other)) for other in measurement.against]


def _interleaved(sides: Mapping[str, Side], repeats: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds per unit of every side, one entry a repeat."""
    names = list(sides)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for repeat in range(repeats):
        shift = repeat % len(names)
        for name in names[shift:] + names[:shift]:
            side = sides[name]
            side.before()
            start = clock()
            side.run()
            seconds[name].append((clock() - start) / side.units)
    return seconds


def _outcome(
    name: str, measurement: Measurement, other: str, amounts: Mapping[str, list[float]], missing: str | None
) -> Outcome:
    ratios = [theirs / ours for theirs, ours in zip(amounts.get(other, ()), amounts[OURS], strict=False)]
    return Outcome(
        measurement=name,
        title=measurement.title,
        ours=measurement.ours,
        against=other,
        kind=measurement.against[other],
        quantity=measurement.quantity,
        unit=measurement.unit,
        ratio=median(ratios) if ratios else None,
        ratio_low=min(ratios, default=None),
        ratio_high=max(ratios, default=None),
        ours_amount=median(amounts[OURS]),
        against_amount=median(amounts[other]) if ratios else None,
        repeats=len(ratios),
        missing=missing,
    )
