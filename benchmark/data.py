"""The images of tasks on this machine: what is here, whether it is still the same, and how the rest is got."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.core.errors import UsageError

from .data_records import DataRecord, read_record, write_record
from .errors import ManifestError
from .tasks import DataSource, SourcedManifest, all_tasks

State = Literal["have", "unverified", "missing"]


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


def manifests(names: Sequence[str] = ()) -> list[SourcedManifest]:
    """The data sets that somebody has to fetch, by name; raises :class:`UsageError` for a name that is none of them."""
    known = {
        value.name: value for task in all_tasks() for value in vars(task).values() if isinstance(value, SourcedManifest)
    }
    wanted = [name.partition("@")[0] for name in names]
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"There is no data set {', '.join(unknown)} to fetch.", f"Known: {', '.join(sorted(known))}.")
    return [known[name] for name in wanted or sorted(known)]


def status(manifest: SourcedManifest) -> DataStatus:
    """What this machine has, without reading an image."""
    record = read_record(manifest.name)
    source = _suggested(manifest)
    if record is None:
        state: State = "missing"
    else:
        state = "have" if manifest.verified(record) else "unverified"
    return DataStatus(
        name=manifest.name,
        state=state,
        source=source.spec if record is None else record.spec,
        sha256=None if record is None else record.sha256,
        size_bytes=source.size_bytes,
        licence=manifest.licence,
        gated=source.gated,
        command={
            "have": None,
            "unverified": f"prunarium benchmark data fetch {manifest.name} --pin",
            "missing": f"prunarium benchmark data fetch {manifest.name}",
        }[state],
    )


def shift_statuses() -> list[DataStatus]:
    """Published shifts, a row for each family of files; those that are here are compared when they are read."""
    from .shifts import SHIFTS
    from .shifts._published import PublishedShift

    families = {shift.layout.family: shift for _, shift in SHIFTS.items() if isinstance(shift, PublishedShift)}
    return [
        DataStatus(
            name=family,
            state="have" if (here := Path(shift.place()).exists()) else "missing",
            source=shift.place() if here else shift.addresses[0],
            sha256=None,
            size_bytes=None,
            licence=shift.licence,
            gated=shift.terms.gated,
            command=None if here else f"export {shift.place_variable}=FOLDER",
        )
        for family, shift in sorted(families.items())
    ]


def fetch(manifest: SourcedManifest, spec: str | None = None, *, pin: bool = False) -> DataRecord:
    """Get a copy, compare it, hash it, and remember it; nothing is fetched twice.

    ``spec`` names a copy of one's own; without it the recorded copy, else the first source that can be fetched.
    ``pin`` vouches for its hash. Raises :class:`ManifestError` for other images and
    :class:`~zoo.errors.DataMissingError` where they cannot be had.
    """
    from zoo.data import every_byte_read

    before = read_record(manifest.name)
    address = spec or (before.spec if before is not None else _suggested(manifest).spec)
    with every_byte_read():
        found = manifest.hash_of(_read_or_download(manifest, address))
    for source in manifest.sources:
        if source.spec == address and source.sha256 not in (None, found):
            raise ManifestError(
                f"{address} has changed since the task was frozen: expected sha256 {source.sha256}, got {found}.",
                "Numbers from other images cannot be compared. Get another copy: --from SPEC",
            )
    kept = before is not None and before.pinned and before.sha256 == found
    record = DataRecord(address, found, pinned=pin or kept)
    write_record(manifest.name, record)
    return record


def check(manifest: SourcedManifest, spec: str | None = None) -> Iterator[str]:
    """One sentence for each thing that is wrong with the recorded copy, or with that in ``spec``; none if all is well.

    Every image is read, so that a changed byte is found.
    """
    record = read_record(manifest.name)
    if spec is None and record is None:
        yield f"{manifest.name} has not been fetched: prunarium benchmark data fetch {manifest.name}"
        return
    address = spec if spec is not None or record is None else record.spec
    from zoo.data import every_byte_read

    try:
        with every_byte_read():
            found = manifest.hash_of(manifest.read(str(address)))
    except ManifestError as error:
        yield error.message
        return
    expected = {source.sha256 for source in manifest.sources if source.spec == address} - {None}
    if spec is None and record is not None:
        expected = {record.sha256}
    if expected and found not in expected:
        yield f"{address}: expected data with sha256 {' or '.join(map(str, expected))}, got {found}"


def _suggested(manifest: SourcedManifest) -> DataSource:
    """The first source that can be fetched, else the first."""
    return next((source for source in manifest.sources if source.fetchable), manifest.sources[0])


def _read_or_download(manifest: SourcedManifest, spec: str) -> Any:
    from zoo.data.archives import download_archive
    from zoo.errors import DataMissingError

    kind, _, selection = spec.partition(":")
    try:
        return manifest.read(spec)
    except DataMissingError:
        if kind != "archive" or "@" in selection:
            raise
        download_archive(selection)
    return manifest.read(spec)
