# ruff: noqa: A005 (inside the package the standard module of this name is imported absolutely)
"""Intervals, resampling, paired tests and ranks: pure functions of numbers, used by benchmark and site.

Shares are fractions in [0, 1], levels are two-sided (0.95), and everything random takes a seed.
"""

from .bootstrap import (
    basic_bootstrap_interval,
    bootstrap_replicates,
    hierarchical_replicates,
    pack_replicates,
    percentile_interval,
    stratified_replicates,
    unpack_replicates,
)
from .changes import Change, mean_relative_error_change, relative_error_change
from .intervals import Interval, mean_interval, normal_interval_from_std, student_t_quantile, wilson
from .paired import McNemar, mcnemar, paired_bootstrap_difference
from .ranks import RankInterval, rank_intervals, tie_groups

__all__ = [
    "Change",
    "Interval",
    "McNemar",
    "RankInterval",
    "basic_bootstrap_interval",
    "bootstrap_replicates",
    "hierarchical_replicates",
    "mcnemar",
    "mean_interval",
    "mean_relative_error_change",
    "normal_interval_from_std",
    "pack_replicates",
    "paired_bootstrap_difference",
    "percentile_interval",
    "rank_intervals",
    "relative_error_change",
    "stratified_replicates",
    "student_t_quantile",
    "tie_groups",
    "unpack_replicates",
    "wilson",
]
