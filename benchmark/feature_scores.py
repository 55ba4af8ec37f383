"""Scores of features against those of training images; higher means more like them.

Features are the classifier's input, one row an image, in float64.
"""

import numpy as np
from jaxtyping import Float, Int

NEIGHBOURS = 50
CHUNK = 512
_SMALLEST = 1e-10


def mahalanobis_scores(
    features: Float[np.ndarray, "n d"], training: Float[np.ndarray, "m d"], labels: Int[np.ndarray, " m"]
) -> Float[np.ndarray, " n"]:
    """Minus the squared Mahalanobis distance to the nearest class mean, with one covariance for all classes.

    Lee et al. 2018 (arXiv 1807.03888), equation 1 and 2, on the last layer. Directions in which no training feature
    varies (dead units of a pruned network) have no inverse variance and are left out, as a pseudo-inverse does.
    """
    classes, place = np.unique(labels, return_inverse=True)
    sums = np.zeros((classes.size, training.shape[1]))
    np.add.at(sums, place, training)
    means = sums / np.bincount(place)[:, None]
    centred = training - means[place]
    variances, directions = np.linalg.eigh(centred.T @ centred / len(training))
    kept = variances > max(variances[-1], 0.0) * len(variances) * np.finfo(np.float64).eps
    whitening = directions[:, kept] / np.sqrt(variances[kept])
    centres = means @ whitening
    scores = np.empty(len(features))
    for start in range(0, len(features), CHUNK):
        white = features[start : start + CHUNK] @ whitening
        scores[start : start + CHUNK] = -_squared_distances(white, centres).min(axis=1)
    return scores


def knn_scores(
    features: Float[np.ndarray, "n d"], training: Float[np.ndarray, "m d"], neighbours: int = NEIGHBOURS
) -> Float[np.ndarray, " n"]:
    """Minus the distance to the ``neighbours``-th nearest training image, all features scaled to length one.

    Sun et al. 2022 (arXiv 2204.06507), section 3. Raises ValueError where there are fewer training images.
    """
    if len(training) < neighbours:
        raise ValueError(f"the {neighbours}-th of {len(training)} training images does not exist")
    reference, scores = _of_length_one(training), np.empty(len(features))
    for start in range(0, len(features), CHUNK):
        squared = _squared_distances(_of_length_one(features[start : start + CHUNK]), reference)
        scores[start : start + CHUNK] = -np.sqrt(np.partition(squared, neighbours - 1, axis=1)[:, neighbours - 1])
    return scores


def _of_length_one(features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    unit: Float[np.ndarray, "n d"] = features / (np.linalg.norm(features, axis=1, keepdims=True) + _SMALLEST)
    return unit


def _squared_distances(one: Float[np.ndarray, "n d"], other: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    squared = (one**2).sum(axis=1)[:, None] - 2.0 * one @ other.T + (other**2).sum(axis=1)
    positive: Float[np.ndarray, "n m"] = np.maximum(squared, 0.0)  # rounding may leave a little below
    return positive
