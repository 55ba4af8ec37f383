"""Images that nobody redistributes: users bring them, and somebody vouches for their hash before they are measured on.

They are what :mod:`benchmark.data` fetches, pins, lists and checks beside the sourced manifests. A record is a hash for
each part (a condition of a shift, a set of OpenOOD), compared whenever a part is read, wherever the images lie.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from zoo.core.home import home_folder

from ..data_records import DataRecord, read_record
from ..errors import ManifestError, UnverifiedDataError
from ._content import digest
from ._protocol import ImageSet, Task
from ._sourced import UNVERIFIED, DataSource


@dataclass(frozen=True, kw_only=True)
class BroughtTask(Task, ABC):
    """The base of tasks whose images users bring.

    ``sha256`` are the hashes of parts (:func:`benchmark.tasks._content.digest`) that whoever wrote the task had seen; a
    part that is not there is unverified until the user's copy is pinned.
    """

    sha256: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """The sets that are read and hashed, each by itself."""

    @property
    @abstractmethod
    def family(self) -> str:
        """The folder that the images are in; tasks may share it."""

    @property
    @abstractmethod
    def gated(self) -> bool:
        """Whether an account must have accepted terms."""

    @abstractmethod
    def how_to_get(self) -> str:
        """What to type to have the images."""

    @abstractmethod
    def read_part(self, place: str, part: str) -> ImageSet:
        """A part of the copy at ``place``, compared in all but its hash; raises :class:`ManifestError`."""

    @property
    def predicted(self) -> tuple[str, ...]:
        """The sets that a model predicts, in order."""
        return self.parts

    def predicted_set(self, name: str) -> ImageSet:
        """One of them, compared with its hash."""
        return self.verified_part(name)

    def image_sets(self) -> "BroughtSets":
        """The predicted sets, each found and compared when it is asked for."""
        return BroughtSets(self.predicted, self.predicted_set)

    @property
    def place_variable(self) -> str:
        """The environment variable that says where the images are."""
        return "PRUNARIUM_" + "".join(letter if letter.isalnum() else "_" for letter in self.family.upper())

    def place(self) -> str:
        """Where the images are: what the variable names, else the recorded copy, else the family's folder at home."""
        if named := os.environ.get(self.place_variable):
            return named
        record = read_record(self.name)
        return str(home_folder() / "data" / self.family) if record is None else record.spec

    @property
    def source_in_use(self) -> DataSource:
        """Where the images are, or come from; no command gets them."""
        return DataSource(spec=self.place() if self.present() else self.source, fetchable=False, gated=self.gated)

    def present(self) -> bool:
        """Whether anything is at :meth:`place`; nothing of a hub is asked for."""
        place = self.place()
        return place.startswith("hub:") or Path(place.removeprefix("folder:")).expanduser().exists()

    @property
    def command_to_get(self) -> str:
        """Where the images are not: what to type once somebody has them."""
        return f"export {self.place_variable}=FOLDER"

    def hashes_at(self, spec: str) -> Mapping[str, str]:
        """The hash of each part of the copy at ``spec``; reads every image once, and one part after the other."""
        return {part: digest(self.read_part(spec, part)) for part in self.parts}

    def known_hashes(self, spec: str) -> Mapping[str, str]:  # noqa: ARG002 - the same images wherever they lie
        """Those that the task knows."""
        return self.sha256

    def verified(self, record: DataRecord) -> bool:
        """Whether a copy is the known one, or was pinned by whoever runs this machine."""
        return record.pinned or all(self.sha256.get(part) == record.sha256_of(part) for part in self.parts)

    def verified_part(self, part: str) -> ImageSet:
        """A part of the copy in use, compared with the hash that somebody vouched for.

        Raises :class:`ManifestError` for images that are not there or are others, and :class:`UnverifiedDataError`.
        """
        place, expected = self.place(), self._vouched().get(part)
        if expected is None:
            self.read_part(place, part)  # that nothing is there, or something else, is said first
            raise UnverifiedDataError(
                f"The hash of {self.id} at {place} is unverified: nobody has computed it from its source.",
                f"If you trust this copy: prunarium benchmark data fetch {self.name} --pin",
            )
        return _compared(self, part, place, expected)

    def data_sha256(self) -> Mapping[str, str]:
        """By part, as somebody vouched for it; whatever is measured was compared with it."""
        vouched = self._vouched()
        return {f"{self.id}/{part}".rstrip("/"): vouched.get(part, UNVERIFIED) for part in self.parts}

    def _vouched(self) -> Mapping[str, str]:
        record = read_record(self.name)
        if record is None or not record.pinned:
            return self.sha256
        return {part: found for part in self.parts if (found := record.sha256_of(part))} | dict(self.sha256)


class BroughtSets(Mapping[str, ImageSet]):
    """Sets that are read when they are looked at: of seventy-five only a few are in memory."""

    def __init__(self, names: tuple[str, ...], read: Callable[[str], ImageSet]) -> None:
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> ImageSet:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@lru_cache(maxsize=6)
def _compared(task: BroughtTask, part: str, place: str, expected: str) -> ImageSet:
    found = task.read_part(place, part)
    if (got := digest(found)) != expected:
        what = f"{task.id} ({part})" if part else task.id
        raise ManifestError(
            f"The images of {what} at {place} are not those that were pinned: expected images and labels with sha256 "
            f"{expected}, got {got}.",
            f"prunarium benchmark data check {task.name}",
        )
    return found
