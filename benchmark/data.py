"""The images of tasks on this machine: what is here, whether it is still the same, and how the rest is got."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from zoo.core.errors import UsageError

from .data_records import DataRecord, read_record, write_record
from .errors import ManifestError
from .tasks import BroughtTask, SourcedManifest, all_tasks

State = Literal["have", "unverified", "missing"]
DataSet = SourcedManifest | BroughtTask
"""What is fetched, or brought by users: both are read, hashed and vouched for in the same words."""


@dataclass(frozen=True)
class DataStatus:
    """One data set. ``command`` gets it, or makes it usable; None where it is. ``size_bytes``: about the download."""

    name: str
    state: State
    source: str
    sha256: str | None
    size_bytes: int | None
    licence: str
    gated: bool
    command: str | None

    def to_json(self) -> dict[str, Any]:
        """The row of the table."""
        return dict(vars(self))


def manifests(names: Sequence[str] = ()) -> list[DataSet]:
    """The data sets that somebody has to have, by name; raises :class:`UsageError` for a name that is none of them."""
    known: dict[str, DataSet] = {task.name: task for task in all_tasks() if isinstance(task, BroughtTask)}
    known |= {
        value.name: value for task in all_tasks() for value in vars(task).values() if isinstance(value, SourcedManifest)
    }
    wanted = [name.partition("@")[0] for name in names]
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"There is no data set {', '.join(unknown)} to fetch.", f"Known: {', '.join(sorted(known))}.")
    return [known[name] for name in wanted or sorted(known)]


def status(manifest: DataSet) -> DataStatus:
    """What this machine has, without reading an image."""
    record = read_record(manifest.name)
    source = manifest.source_in_use
    state: State = "unverified"
    if not manifest.present():
        state = "missing"
    elif record is not None and manifest.verified(record):
        state = "have"
    return DataStatus(
        name=manifest.name,
        state=state,
        source=source.spec,
        sha256=None if record is None else record.sha256,
        size_bytes=source.size_bytes,
        licence=str(manifest.licence),
        gated=source.gated,
        command={
            "have": None,
            "unverified": f"prunarium benchmark data fetch {manifest.name} --pin",
            "missing": manifest.command_to_get,
        }[state],
    )


def fetch(manifest: DataSet, spec: str | None = None, *, pin: bool = False) -> DataRecord:
    """Get a copy, compare it, hash it, and remember it; nothing is fetched twice.

    ``spec`` names a copy of one's own; without it the recorded copy, else the first source that can be fetched.
    ``pin`` vouches for its hash. Raises :class:`ManifestError` for other images and
    :class:`~zoo.errors.DataMissingError` where they cannot be had.
    """
    from zoo.data import every_byte_read

    before = read_record(manifest.name)
    address = spec or manifest.place()
    with every_byte_read():
        hashes = _hashes_or_download(manifest, address)
    for part, known in manifest.known_hashes(address).items():
        if hashes[part] != known:
            raise ManifestError(
                f"{_named(address, part)} has changed since the task was frozen: expected sha256 {known}, got "
                f"{hashes[part]}.",
                "Numbers from other images cannot be compared. Get another copy: --from SPEC",
            )
    record = DataRecord.of(address, hashes, pinned=pin)
    if before is not None and before.pinned and before.sha256 == record.sha256:
        record = replace(record, pinned=True)
    write_record(manifest.name, record)
    return record


def check(manifest: DataSet, spec: str | None = None) -> Iterator[str]:
    """One sentence for each thing that is wrong with the recorded copy, or with that in ``spec``; none if all is well.

    Every image is read, so that a changed byte is found.
    """
    record = read_record(manifest.name)
    if spec is None and record is None:
        yield f"{manifest.name} has not been fetched: prunarium benchmark data fetch {manifest.name}"
        return
    from zoo.data import every_byte_read

    address = spec or manifest.place()
    try:
        with every_byte_read():
            found = manifest.hashes_at(address)
    except ManifestError as error:
        yield error.message
        return
    known = manifest.known_hashes(address)
    for part, got in found.items():
        expected = record.sha256_of(part) if spec is None and record is not None else known.get(part)
        if expected is not None and got != expected:
            yield f"{_named(address, part)}: expected data with sha256 {expected}, got {got}"


def _named(address: str, part: str) -> str:
    return f"{address} ({part})" if part else address


def _hashes_or_download(manifest: DataSet, spec: str) -> Mapping[str, str]:
    from zoo.data.archives import download_archive
    from zoo.errors import DataMissingError

    kind, _, selection = spec.partition(":")
    try:
        return manifest.hashes_at(spec)
    except DataMissingError:
        if kind != "archive" or "@" in selection:
            raise
        download_archive(selection)
    return manifest.hashes_at(spec)
