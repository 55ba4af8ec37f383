"""Effective robustness: how much more accurate under shift than models of the same accuracy a model is."""

from .line import (
    TRANSFORMS,
    EffectiveRobustness,
    Expected,
    Line,
    Transform,
    effective_robustness,
    fit_line,
)
from .pairs import LineAt, Pair, RobustnessRow, dense_line, line_for, pairs_of, robustness_rows
from .testbed import SHIFTS, SOURCE, Fit, StandardModel, standard_models, stored_fit

__all__ = [
    "SHIFTS",
    "SOURCE",
    "TRANSFORMS",
    "EffectiveRobustness",
    "Expected",
    "Fit",
    "Line",
    "LineAt",
    "Pair",
    "RobustnessRow",
    "StandardModel",
    "Transform",
    "dense_line",
    "effective_robustness",
    "fit_line",
    "line_for",
    "pairs_of",
    "robustness_rows",
    "standard_models",
    "stored_fit",
]
