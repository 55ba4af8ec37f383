"""The Pareto front as far as the noise lets one see it."""

from collections.abc import Sequence

import numpy as np

from .ranks import _known, beaten_by


def resolved_front(
    exact: Sequence[float], measured: Sequence[tuple[Sequence[float | None], Sequence[float | None]]]
) -> list[bool | None]:
    """Whether an entry is on the front: nothing else is at least its equal in every way and resolvably better in one.

    ``exact`` is known without noise and higher is better (a sparsity); each of ``measured`` is one column of values,
    lower is better, with the half widths of their intervals. Of two entries, one is resolvably better in a column when
    the difference exceeds the root of the summed squares of the half widths, as in
    :func:`~registry.statistics.rank_intervals`. An entry without any interval is not judged (None). One that has none
    in some column is taken off by the others, but takes nobody off who has one there: it may be anywhere.

    >>> resolved_front([0.9, 0.9, 0.9], [([1.0, 5.0, 9.0], [1.0, 1.0, 1.0]), ([9.0, 1.0, 9.0], [1.0, 1.0, 1.0])])
    [True, True, False]
    """
    count = len(exact)
    level = np.asarray(exact, dtype=float)
    worse, unequal = (np.zeros((count, count), dtype=bool) for _ in range(2))
    judged = np.zeros(count, dtype=bool)
    for values, halves in measured:
        known = _known(values, halves)
        value, half = np.full(count, np.nan), np.full(count, np.nan)
        for place, pair in known.items():
            value[place], half[place] = pair
            judged[place] = True
        worse |= beaten_by(value, half)  # NaN is never: a column without both intervals says nothing
        unequal |= np.isnan(half)[:, None] & ~np.isnan(half)
    beats = worse.T & ~worse & ~unequal & (level[:, None] >= level[None, :])
    lost: list[bool] = np.any(beats, axis=0).tolist() if count else []
    return [not lost[place] if judged[place] else None for place in range(count)]
