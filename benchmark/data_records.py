"""Which copy of which data set this machine uses, and its hash: ``data.json`` in ``PRUNARIUM_HOME``."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from zoo.core.canonical import canonical_json
from zoo.core.errors import PrunariumError
from zoo.core.files import write_bytes
from zoo.core.home import home_folder


@dataclass(frozen=True)
class DataRecord:
    """A copy that was fetched and compared: its address, its hash, and whether somebody vouched for that hash.

    Where a set is read in ``parts``, these are their hashes, and ``sha256`` is over all of them.
    """

    spec: str
    sha256: str
    pinned: bool
    parts: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, spec: str, hashes: Mapping[str, str], *, pinned: bool) -> "DataRecord":
        """The record of a copy by the hashes of its parts; a set of one part calls it ``""``."""
        if list(hashes) == [""]:
            return cls(spec, hashes[""], pinned)
        return cls(spec, hashlib.sha256(canonical_json(dict(hashes))).hexdigest(), pinned, dict(hashes))

    def sha256_of(self, part: str) -> str | None:
        """The hash of a part, None for one that was not there."""
        return self.parts.get(part) if self.parts or part else self.sha256


def read_record(name: str) -> DataRecord | None:
    """The copy of the data set ``name``, None if none was fetched."""
    return read_records().get(name)


def read_records() -> dict[str, DataRecord]:
    """Every copy by the name of its data set; raises :class:`PrunariumError` for a file that cannot be read."""
    path = home_folder() / "data.json"
    if not path.exists():
        return {}
    try:
        return {name: DataRecord(**entry) for name, entry in json.loads(path.read_bytes()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise PrunariumError(
            f"{path} cannot be read: {error}.", "Remove it, then: prunarium benchmark data fetch"
        ) from error


def write_record(name: str, record: DataRecord) -> None:
    """Remember the copy of ``name`` in place of an earlier one."""
    records = {**read_records(), name: record}
    entries = {key: asdict(value) for key, value in sorted(records.items())}
    write_bytes(home_folder() / "data.json", canonical_json(entries))
