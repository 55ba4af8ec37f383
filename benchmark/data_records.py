"""Which copy of which data set this machine uses, and its hash: ``data.json`` in ``PRUNARIUM_HOME``."""

import json
from dataclasses import asdict, dataclass

from zoo.core.canonical import canonical_json
from zoo.core.errors import PrunariumError
from zoo.core.files import write_bytes
from zoo.core.home import home_folder


@dataclass(frozen=True)
class DataRecord:
    """A copy that was fetched and compared: its address, its hash, and whether somebody vouched for that hash."""

    spec: str
    sha256: str
    pinned: bool


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
