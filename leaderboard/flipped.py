"""Which images models lose and gain against another, from the bits that the catalogue keeps. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from registry.flips import Flips, flips
from registry.image_sets import ImageSet, unpack_bits
from registry.records import ResultRecord, TaskRecord

NOT_KEPT = "not stored by the version that measured: prunarium benchmark rescore adds it"
_REPORTED = "published numbers come without single images"


@dataclass(frozen=True)
class Kept:
    """What the catalogue keeps of single images: by job the number of its image set and the bits; the sets by number.

    Empty where nothing is kept.
    """

    bits: Mapping[int, tuple[int, bytes]] = field(default_factory=dict)
    images: Mapping[int, ImageSet] = field(default_factory=dict)


@dataclass(frozen=True)
class Flipped:
    """Which images one model lost and gained against the reference on one task; ``flips`` is None for ``reason``."""

    task: TaskRecord
    ref: str
    protocol: str
    model: str
    flips: Flips | None
    images: ImageSet | None
    reason: str | None

    def ids(self, *, lost: bool) -> tuple[str, ...]:
        """The ids of the lost or the gained images."""
        if self.flips is None or self.images is None:
            return ()
        return tuple(self.images.ids[place] for place in (self.flips.lost if lost else self.flips.gained))


def flipped_images(
    task: TaskRecord,
    ref: str,
    protocol: str,
    rows: Mapping[str, Sequence[ResultRecord]],
    reference: str,
    kept: Kept,
) -> Iterable[Flipped]:
    """For each model but the ``reference``; ``rows`` are the values of one metric by model, one a seed."""
    for model, mine in rows.items():
        if model == reference or reference not in rows:
            continue
        found, images, reason = _flips(mine, rows[reference], kept)
        yield Flipped(task, ref, protocol, model, found, images, reason)


def _flips(
    first: Sequence[ResultRecord], second: Sequence[ResultRecord], kept: Kept
) -> tuple[Flips | None, ImageSet | None, str | None]:
    jobs = [[row.job_id for row in rows] for rows in (first, second)]
    if None in (*jobs[0], *jobs[1]):
        return None, None, _REPORTED
    bits = [[kept.bits[job] for job in side if job is not None and job in kept.bits] for side in jobs]
    if [len(side) for side in bits] != [len(side) for side in jobs]:
        return None, None, NOT_KEPT
    sets = {number for side in bits for number, _ in side}
    if len(sets) > 1:
        return None, None, "the two were not measured on the same images"
    images = kept.images[sets.pop()]
    one, other = (unpack_bits([packed for _, packed in side], len(images.ids)) for side in bits)
    return flips(one, other, np.array(images.labels, dtype=np.int32), images.names), images, None
