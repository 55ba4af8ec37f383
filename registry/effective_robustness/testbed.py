"""The line of ImageNet models of ordinary training, from the testbed of Taori et al. 2020.

``standard_models.csv``: the top-1 accuracies in percent of the 85 models that the testbed calls *standard training*,
those with ``aws``, ``batch64`` or ``subsample`` in their name left out; from robustness_top1s.csv of
modestyachts/imagenet-testbed @0170eec (MIT), columns renamed to the names of tasks. ``imagenet-c`` is the mean over 15
corruptions and 5 severities of the files on disk, which the testbed resizes and crops once more: no number by another
preprocessing belongs beside that line.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from ..errors import UndefinedRobustnessError
from .line import Line, Transform, fit_line

SOURCE: Final = "modestyachts/imagenet-testbed @0170eec, robustness_top1s.csv (MIT)"
TABLE_SHA256: Final = "c379d796bff46c83e10e0d45614afba250ca6036b2085bbe401199f1c3e0c9aa"
SHIFTS: Final = {
    "imagenet-v2-matched-frequency": ("imagenet", 0.55),
    "imagenet-v2-threshold-0.7": ("imagenet", 0.55),
    "imagenet-v2-top-images": ("imagenet", 0.55),
    "imagenet-sketch": ("imagenet", 0.55),
    "imagenet-r": ("imagenet-r-clean", 0.75),
    "objectnet": ("objectnet-clean", 0.55),
    "imagenet-a": ("imagenet-a-clean", 0.75),
    "imagenet-c": ("imagenet", 0.55),
}
"""Shifted set -> the set without shift, in the same label space, and the least accuracy on it of models in the fit."""

FILTERED_WITH: Final = {"imagenet-a": "resnet50"}
"""Sets that hold what a model got wrong: it has accuracy 0 by construction, and the line breaks where it stands."""


class StandardModel(NamedTuple):
    """One model of the table: accuracies as fractions."""

    name: str
    accuracy: float
    shifted: float


@dataclass(frozen=True)
class Fit:
    """A line, or two that meet at the accuracy ``break_at`` of the model that the set was filtered with."""

    below: Line
    above: Line | None = None
    break_at: float | None = None

    def line_at(self, accuracy: float) -> Line:
        """The line for a model; raises :class:`UndefinedRobustnessError` exactly at the break."""
        if self.above is None or self.break_at is None or accuracy < self.break_at:
            return self.below
        if accuracy == self.break_at:
            raise UndefinedRobustnessError(
                "as accurate as the model that this set was filtered with: neither line holds"
            )
        return self.above


def standard_models(shift: str) -> list[StandardModel]:
    """The models with both accuracies above the least one, by name; the filter's own model is left out.

    Raises :class:`UndefinedRobustnessError` for a shift that the testbed does not have.
    """
    clean, least = _sides(shift)
    return [
        StandardModel(row["model"], float(row[clean]) / 100, float(row[shift]) / 100)
        for row in _table()
        if row[clean] and row[shift] and float(row[clean]) / 100 >= least and row["model"] != FILTERED_WITH.get(shift)
    ]


@cache
def stored_fit(shift: str, transform: Transform) -> Fit:
    """The fit for a shifted set, by the name of its task; the same raises as :func:`standard_models`."""
    points = [(model.accuracy, model.shifted) for model in standard_models(shift)]
    if shift not in FILTERED_WITH:
        return Fit(fit_line(points, transform))
    clean, _ = _sides(shift)
    break_at = next(float(row[clean]) / 100 for row in _table() if row["model"] == FILTERED_WITH[shift])
    below, above = ([p for p in points if p[0] < break_at], [p for p in points if p[0] > break_at])
    return Fit(fit_line(below, transform), fit_line(above, transform), break_at)


def _sides(shift: str) -> tuple[str, float]:
    if shift not in SHIFTS:
        raise UndefinedRobustnessError(f"the testbed has no line for {shift}")
    return SHIFTS[shift]


@cache
def _table() -> tuple[Mapping[str, str], ...]:
    text = (files(__package__) / "standard_models.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
