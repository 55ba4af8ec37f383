"""Features of frozen networks: from the cache where they are, else from one pass that serves several networks."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float32
from torch import Tensor

from zoo.data import Ids, Images

from .feature_cache import FeatureCache
from .image_pass import Seer, image_pass
from .inference import checked
from .numerics import Numerics
from .protocols import Subject
from .remarks import remark

EXTRACTOR = 1
"""Raised when the same network, images and numerics would give other features."""


def features_of(subject: Subject, images: Images, ids: Ids, batch_size: int) -> Float32[Tensor, "n d"]:
    """The input of the classifier for every image, in order.

    They are kept where the subject says which checkpoint it is. Raises :class:`~benchmark.errors.BadModelError` where
    a feature is NaN or infinite.
    """
    (found,) = features_of_all([subject], images, ids, batch_size)
    return checked(found)


def features_of_all(
    subjects: Sequence[Subject], images: Images, ids: Ids, batch_size: int
) -> list[Float32[Tensor, "n d"]]:
    """For each of several networks, in their order; the images are decoded once for all that are not in the cache."""
    cache, numerics = FeatureCache.of_environment(), Numerics.of_environment()
    keys = [feature_key(subject, ids, numerics) for subject in subjects]
    found = [None if key is None else cache.get(key) for key in keys]
    absent = [place for place, kept in enumerate(found) if kept is None]
    remark("features", f"{len(found) - len(absent)} of {len(found)} from the cache, for {len(ids)} images")
    if absent:
        seers = [Seer(subjects[n].model, subjects[n].preprocessing, subjects[n].classifier) for n in absent]
        for place, made in zip(absent, image_pass(seers, images, batch_size, numerics), strict=True):
            found[place] = made
            key = keys[place]
            if key is not None:
                cache.put(key, made)
    return [rows for rows in found if rows is not None]


def feature_key(subject: Subject, ids: Ids, numerics: Numerics) -> dict[str, Any] | None:
    """Everything that decides the features, as JSON types; None where nobody knows which checkpoint it is.

    Ids are hashes of the images, so that those of a set in their order are the hash of its data.
    """
    if subject.checkpoint is None:
        return None
    densified, architecture = subject.checkpoint
    data = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    return {
        "densified_hash": densified,
        "architecture": architecture,
        "layer": f"input of {subject.classifier}",
        "data": data,
        "preprocessing": subject.preprocessing.hash(),
        "numerics": numerics.to_json(),
        "torch": torch.__version__,
        "extractor": EXTRACTOR,
    }
