"""The prediction of a Bayesian model: networks drawn from a posterior, one distribution, and how far they agree."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .columns import chunks
from .errors import LogitsError
from .logits import Logits


class Predictive(NamedTuple):
    """``logits`` are the logarithms of the mean of the networks' probabilities; ``expected_entropy`` the mean of their
    entropies in nats, the column of that name: what exceeds it in the entropy of the mean is mutual information."""

    logits: Logits
    expected_entropy: Float[np.ndarray, " n"]


def predictive(networks: Iterable[Logits]) -> Predictive:
    """One distribution of all networks, each of which is seen once and forgotten: memory is that of one network.

    The mean is of probabilities, not of logits (whose mean is another, more confident model). Raises
    :class:`~benchmark.errors.LogitsError` for no network, and for networks of other images or classes.

    >>> certain = [Logits(np.array([[9.0, 0.0]])), Logits(np.array([[0.0, 9.0]]))]
    >>> predictive(certain).logits.softmax().values.round(3).tolist()
    [[0.5, 0.5]]
    """
    total: Float[np.ndarray, "n k"] | None = None
    entropy, count = np.zeros(0), 0
    for logits in networks:
        if total is None:
            total, entropy = np.zeros(logits.values.shape), np.zeros(len(logits.values))
        if logits.values.shape != total.shape:
            raise LogitsError(f"Expected every network to give {total.shape} logits, one gives {logits.values.shape}.")
        for rows in chunks(*total.shape):
            logs = Logits(logits.values[rows]).log_softmax()
            probabilities = np.exp(logs)
            total[rows] += probabilities
            entropy[rows] -= np.einsum("nk,nk->n", probabilities, logs)
        count += 1
    if total is None:
        raise LogitsError("Expected the logits of at least one network, got none.")
    with np.errstate(divide="ignore"):
        logs = np.log(total / count)
    # Where every network is so sure that a probability is 0 in float64, the logarithm is the smallest that is finite.
    smallest = float(np.log(np.finfo(np.float64).tiny))
    return Predictive(Logits(np.maximum(logs, smallest)), entropy / count)
