"""Sums over images in order of a score, where equal scores share their sum: sorting leaves no trace of input order."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Ranking:
    """``order`` sorts images by rising score; ``ends`` are the last positions of runs of equal scores."""

    order: Int[np.ndarray, " n"]
    ends: Int[np.ndarray, " t"]

    def upto(
        self, counts: Float[np.ndarray, "r n"], *columns: Float[np.ndarray, " n"]
    ) -> list[Float[np.ndarray, "r t"]]:
        """The sums of counts x column over images up to each run of equal scores, the run included."""
        drawn = counts[:, self.order]
        return [np.cumsum(drawn * column[self.order], axis=1)[:, self.ends] for column in columns]

    def equal_mass(
        self, counts: Float[np.ndarray, "r n"], bins: int, *columns: Float[np.ndarray, " n"]
    ) -> list[Float[np.ndarray, "r b"]]:
        """The sums of each column over ``bins`` bins of equally many images, the first ones one larger (array_split).

        A bin edge inside a run of equal scores takes its share of the run's sum: the mean over all orders of the run.
        """
        edges = np.cumsum([0, *bin_sizes(int(counts[0].sum()), bins)])
        images, *sums = (
            np.pad(upto, ((0, 0), (1, 0))) for upto in self.upto(counts, np.ones(counts.shape[1]), *columns)
        )
        return [
            np.diff([np.interp(edges, *rows) for rows in zip(images, column, strict=True)], axis=1) for column in sums
        ]


def ranking(scores: Float[np.ndarray, " n"]) -> Ranking:
    """The ranking by rising score.

    >>> ranking(np.array([0.5, 0.2, 0.5])).ends.tolist()
    [0, 2]
    """
    order = np.argsort(scores, kind="stable")
    return Ranking(order, np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)))


def bin_sizes(total: int, bins: int) -> Int[np.ndarray, " b"]:
    """How many images each of ``bins`` bins of equal mass holds.

    >>> bin_sizes(7, 3).tolist()
    [3, 2, 2]
    """
    return total // bins + (np.arange(bins) < total % bins).astype(np.int64)
