"""What an image set holds, as one hash."""

import hashlib

import numpy as np

from zoo.core.canonical import canonical_json

from ._protocol import ImageSet


def digest(images: ImageSet) -> str:
    """64 hex digits over (id, SHA-256 of the bytes, label) of every image, in the order of the ids; reads all of them.

    The bytes are those of the encoded file, or of the pixels where images come as an array.
    """
    hashes = (
        (hashlib.sha256(np.ascontiguousarray(image).data).hexdigest() for image in images.images)
        if isinstance(images.images, np.ndarray)
        else images.images.sha256s()  # type: ignore[attr-defined]
    )
    labels = [None] * len(images.ids) if images.labels is None else images.labels.tolist()
    return hashlib.sha256(canonical_json(sorted(zip(images.ids, hashes, labels, strict=True)))).hexdigest()
