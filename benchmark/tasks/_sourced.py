"""Data that somebody has to fetch: several places to get them from, one set of facts that each copy must have.

A copy is used once it has been fetched and compared (``prunarium benchmark data fetch``): its address and its hash are
recorded on this machine (:mod:`benchmark.data_records`). A hash that this file does not know is *unverified* until
somebody has pinned the copy; nothing is measured on unverified data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..data_records import DataRecord, read_record
from ..errors import DataNotFetchedError, ManifestError, UnverifiedDataError
from ._manifest import Manifest, refuse_differences, with_validation

if TYPE_CHECKING:
    import zoo.data

UNVERIFIED = "unverified"


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """One place to get the data from, as :func:`zoo.data.load_data` understands it.

    ``sha256`` is the hash of the data there, None where it could not be computed. ``fetchable`` says that a command
    can get it unattended; ``gated`` that an account must have accepted terms; ``size_bytes`` is about what is
    downloaded.
    """

    spec: str
    size_bytes: int | None = None
    sha256: str | None = None
    fetchable: bool = True
    gated: bool = False


@dataclass(frozen=True, kw_only=True)
class SourcedManifest(Manifest):
    """``splits`` are "train", everything that may be trained on, and "test".

    ``wrong`` are copies that look right and are not, by their address, with the reason. ``validation_fraction`` of
    the train split of each class, in the order of the images' ids, is the validation split; 0: there is none.
    ``hashed`` names the splits that the hash is over.
    """

    name: str
    sources: tuple[DataSource, ...]
    wrong: Mapping[str, str] = field(default_factory=dict)
    validation_fraction: float = 0.1
    hashed: tuple[str, ...] = ("train", "test")

    def __hash__(self) -> int:
        return hash((self.name, self.class_names))

    @property
    def spec(self) -> str:
        return self.name

    @property
    def sha256s(self) -> Mapping[str, str]:
        record = read_record(self.name)
        if record is not None:
            return {record.spec: record.sha256}
        return {source.spec: source.sha256 or UNVERIFIED for source in self.sources}

    def to_json(self) -> dict[str, Any]:
        """Without hashes: they may be learnt later, and what a task means does not change by that."""
        return {
            **super().to_json(),
            "sources": [source.spec for source in self.sources],
            "validation_fraction": self.validation_fraction,
            "hashed": list(self.hashed),
        }

    def load(self) -> "zoo.data.ImageData":
        """The recorded copy, compared again, with a validation split.

        Raises :class:`DataNotFetchedError`, :class:`UnverifiedDataError` and :class:`ManifestError`.
        """
        record = read_record(self.name)
        if record is None:
            raise DataNotFetchedError(
                f"The images of {self.name} have not been fetched on this machine.",
                f"prunarium benchmark data fetch {self.name}",
            )
        if not self.verified(record):
            raise UnverifiedDataError(
                f"The hash of {record.spec} is unverified: nobody has computed it from the source of {self.name}.",
                f"If you trust this copy: prunarium benchmark data fetch {self.name} --pin",
            )
        return _load_recorded(self, record)

    def verified(self, record: DataRecord) -> bool:
        """Whether a recorded copy is the known one, or was pinned by whoever runs this machine."""
        return record.pinned or record.sha256 in {source.sha256 for source in self.sources}

    def place(self) -> str:
        """The recorded copy, else the first source that can be fetched, else the first."""
        record = read_record(self.name)
        return self._suggested().spec if record is None else record.spec

    @property
    def source_in_use(self) -> DataSource:
        """What is said of the place."""
        return replace(self._suggested(), spec=self.place())

    def present(self) -> bool:
        """Whether a copy is recorded."""
        return read_record(self.name) is not None

    @property
    def command_to_get(self) -> str:
        """What to type where no copy is recorded."""
        return f"prunarium benchmark data fetch {self.name}"

    def _suggested(self) -> DataSource:
        return next((source for source in self.sources if source.fetchable), self.sources[0])

    def read(self, spec: str) -> "zoo.data.ImageData":
        """A copy in the class order of the task, compared in all but its hash; raises :class:`ManifestError`."""
        from zoo.data import load_data

        address = re.split("[@?]", spec, maxsplit=1)[0]
        if address in self.wrong:
            raise ManifestError(
                f"{address} is not {self.name}: {self.wrong[address]}.",
                f"Sources that are: {', '.join(source.spec for source in self.sources)}.",
            )
        data = in_class_order(load_data(spec), self.class_names)
        splits = {name: data.splits[name] for name in self.splits if name in data.splits}
        if "train" in splits and "validation" in data.splits:
            raise ManifestError(
                f"{spec} has a validation split beside its train split; those of {self.name} train together.",
                "Put its images into the train split.",
            )
        found = replace(data, splits=splits)
        refuse_differences(self, found)
        return found

    def hash_of(self, data: "zoo.data.ImageData") -> str:
        """The hash of a copy, over the splits that count; reads each of their images once."""
        return replace(data, splits={name: data.splits[name] for name in self.hashed}).sha256

    def hashes_at(self, spec: str) -> Mapping[str, str]:
        """The hash of the copy at ``spec``, which is one part."""
        return {"": self.hash_of(self.read(spec))}

    def known_hashes(self, spec: str) -> Mapping[str, str]:
        """That of the source at ``spec``, where the task knows it."""
        known = [source.sha256 for source in self.sources if source.spec == spec and source.sha256 is not None]
        return {"": known[0]} if known else {}


@lru_cache(maxsize=4)
def _load_recorded(manifest: SourcedManifest, record: DataRecord) -> "zoo.data.ImageData":
    data = manifest.read(record.spec)
    found = manifest.hash_of(data)
    if found != record.sha256:
        raise ManifestError(
            f"The images in {record.spec} have changed: expected data with sha256 {record.sha256}, got {found}.",
            f"prunarium benchmark data check {manifest.name}",
        )
    return with_validation(data, manifest.validation_fraction) if manifest.validation_fraction else data


def in_class_order(data: "zoo.data.ImageData", class_names: tuple[str, ...]) -> "zoo.data.ImageData":
    """The same images with labels that count in the order of ``class_names``.

    Copies spell and order their classes in their own way ("Faces_easy", "253.faces-easy-101"): letters and digits are
    compared, and where a copy has only numbers they are taken to be in order. The histogram is compared afterwards.
    """
    import numpy as np

    numbers = {tuple(map(str, range(start, start + len(class_names)))) for start in (0, 1)}
    if data.class_names in numbers:
        return replace(data, class_names=class_names)
    position = {_letters(name): place for place, name in enumerate(class_names)}
    places = [position.get(_letters(name)) for name in data.class_names]
    if None in places or len(set(places)) != len(class_names):
        return data  # not these classes: the comparison says so
    order = np.array(places, dtype=np.int64)
    splits = {name: replace(split, labels=order[split.labels]) for name, split in data.splits.items()}
    return replace(data, class_names=class_names, splits=splits)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\d{3}\.", "", name.lower()))
