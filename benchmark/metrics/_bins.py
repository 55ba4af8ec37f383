"""Equal-width bins of confidences, (a, b]."""

import numpy as np
from jaxtyping import Float, Int


def right_closed_bins(values: Float[np.ndarray, " *n"], bins: int) -> Int[np.ndarray, " *n"]:
    """The bin of each value in [0, 1]: bin b holds (b/bins, (b+1)/bins], and 0 goes to bin 0 rather than to none.

    Edges are compared, never multiplied out: 0.6 * 5 is 3.0000000000000004 in some precisions.

    >>> right_closed_bins(np.array([0.0, 0.2, 0.4, 0.41, 1.0]), 5).tolist()
    [0, 0, 1, 2, 4]
    """
    edges = np.arange(1, bins) / bins
    return np.searchsorted(edges, values.astype(np.float64), side="left")
