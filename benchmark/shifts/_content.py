"""What an image set holds, as one hash; and ids that differ."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from zoo.core.canonical import canonical_json

from ..tasks import ImageSet


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


def distinct(ids: Iterable[str]) -> Iterator[str]:
    """``ids`` with a number behind those that came before: some published sets hold an image twice.

    >>> list(distinct(["a", "b", "a", "a"]))
    ['a', 'b', 'a#2', 'a#3']
    """
    seen: Counter[str] = Counter()
    for image_id in ids:
        seen[image_id] += 1
        yield image_id if seen[image_id] == 1 else f"{image_id}#{seen[image_id]}"
