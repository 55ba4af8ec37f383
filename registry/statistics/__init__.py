# ruff: noqa: A005 (inside the package the standard module of this name is imported absolutely)
"""Intervals, resampling, paired tests and ranks: pure functions of numbers, used by benchmark and site.

Shares are fractions in [0, 1], levels are two-sided (0.95), and everything random takes a seed.
"""

from .aggregation import accuracy_of_log_odds, geometric_mean_error_ratio, log_odds, mean_log_odds, mean_ranks
from .bootstrap import (
    basic_bootstrap_interval,
    bootstrap_replicates,
    pack_replicates,
    percentile_interval,
    stratified_replicates,
    unpack_replicates,
)
from .changes import Change, mean_relative_error_change, relative_error_change
from .conditions import Quartiles, quartiles_by_severity
from .front import resolved_front
from .intervals import (
    Interval,
    clopper_pearson,
    mean_interval,
    normal_interval_from_std,
    student_t_quantile,
    wilson,
)
from .paired import McNemar, holm, mcnemar, paired_bootstrap_difference
from .power import POWER, paired_resolution, unpaired_resolution
from .ranks import RankInterval, rank_intervals, tie_groups
from .seeds import interval_over_seeds, joined_interval, paired_interval, seed_half_width

__all__ = [
    "POWER",
    "Change",
    "Interval",
    "McNemar",
    "Quartiles",
    "RankInterval",
    "accuracy_of_log_odds",
    "basic_bootstrap_interval",
    "bootstrap_replicates",
    "clopper_pearson",
    "geometric_mean_error_ratio",
    "holm",
    "interval_over_seeds",
    "joined_interval",
    "log_odds",
    "mcnemar",
    "mean_interval",
    "mean_log_odds",
    "mean_ranks",
    "mean_relative_error_change",
    "normal_interval_from_std",
    "pack_replicates",
    "paired_bootstrap_difference",
    "paired_interval",
    "paired_resolution",
    "percentile_interval",
    "quartiles_by_severity",
    "rank_intervals",
    "relative_error_change",
    "resolved_front",
    "seed_half_width",
    "stratified_replicates",
    "student_t_quantile",
    "tie_groups",
    "unpack_replicates",
    "unpaired_resolution",
    "wilson",
]
