"""``hub:OWNER/NAME@REVISION``: Parquet files of a Hub repository, read with the ``datasets`` library.

Options follow as in an address, ``?train=train&test=validation&image=img&label=fine_label&config=plain_text``: which
of its splits are ours, which columns hold images and labels, which configuration is meant. Without them splits are
told by their names, and columns by their types (the one ``Image``, the one ``ClassLabel``). ``train=train+validation``
puts two of its splits together.

``datasets`` downloads the files of the wanted splits alone, into its own cache (``HF_HOME``), from the hub that
``HF_ENDPOINT`` names, with the token that ``HF_TOKEN`` or ``hf auth login`` gives, and maps them into memory: any order
costs the same, and worker processes share the pages.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import numpy as np
import pyarrow
from jaxtyping import Int64

from ..core.errors import UsageError
from ..errors import CorruptImageError, DataMismatchError, DataMissingError
from . import SOURCES
from ._encoded import EncodedImages, encoded_split
from ._images import ImageData
from ._splits import held_out, split_name

if TYPE_CHECKING:
    import datasets

OPTIONS = ("train", "validation", "test", "image", "label", "config")


@dataclass(frozen=True, kw_only=True)
class HubSource:
    """Where images are on a hub. ``splits`` maps our names to the repository's; empty: told by their names.

    ``revision`` is a branch, a tag or a commit (a number is reproducible only with a commit); ``image`` and ``label``
    are columns, told by their types where None.
    """

    repo: str
    revision: str = "main"
    config: str | None = None
    splits: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    label: str | None = None

    @classmethod
    def parse(cls, selection: str) -> "HubSource":
        """From ``OWNER/NAME@REVISION?options``; raises :class:`UsageError`."""
        address, _, query = selection.partition("?")
        repo, _, revision = address.partition("@")
        options = dict(parse_qsl(query.replace("+", "%2B")))
        named = repo.count("/") == 1 and all(repo.split("/"))
        unknown = sorted(options.keys() - set(OPTIONS))
        if not named or unknown:
            complaint = f"has unknown options {unknown}" if named else "names no repository"
            raise UsageError(
                f"'hub:{selection}' {complaint}.", f"Write hub:OWNER/NAME@REVISION; options: {', '.join(OPTIONS)}."
            )
        return cls(
            repo=repo,
            revision=revision or "main",
            config=options.get("config"),
            splits={name: options[name] for name in ("train", "validation", "test") if name in options},
            image=options.get("image"),
            label=options.get("label"),
        )

    @property
    def spec(self) -> str:
        """What :func:`~zoo.data.load_data` takes."""
        options = {**self.splits, "image": self.image, "label": self.label, "config": self.config}
        query = urlencode(
            {name: value for name, value in options.items() if value is not None}, safe="+/", quote_via=quote
        )
        return f"hub:{self.repo}@{self.revision}" + (f"?{query}" if query else "")


@SOURCES.register("hub")
def hub(selection: str) -> ImageData:
    """The images of a Hub repository; raises :class:`DataMissingError` and :class:`DataMismatchError`."""
    return load_hub(HubSource.parse(selection))


def load_hub(source: HubSource) -> ImageData:
    """Download what is not in the cache, and map it. Raises :class:`DataMissingError` where the hub gives nothing."""
    files = _data_files(source)
    wanted = source.splits or {name: theirs for theirs in files if (name := split_name(theirs)) is not None}
    if absent := sorted({theirs for joined in wanted.values() for theirs in joined.split("+")} - set(files)):
        raise DataMismatchError(f"{source.spec} has no split {', '.join(absent)}, but {', '.join(sorted(files))}.")
    tables = {
        name: _table(source, name, [file for theirs in joined.split("+") for file in files[theirs]])
        for name, joined in wanted.items()
    }
    columns = _columns(source, next(iter(tables.values())))
    class_names = _class_names(columns.label, list(tables.values()))
    splits = {
        name: encoded_split(
            HubRows(table, columns.image, f"{source.repo}@{source.revision}, split {wanted[name]}"),
            _labels(table, columns.label, class_names),
        )
        for name, table in tables.items()
    }
    return ImageData(
        name=source.repo,
        spec=source.spec,
        class_names=class_names,
        splits=splits if source.splits else held_out(splits),
        licence="unknown",
        citation=f"{source.repo} on the Hugging Face Hub",
    )


class HubRows(EncodedImages):
    """The image column of a memory-mapped table: encoded bytes by row."""

    def __init__(self, table: "datasets.Dataset", column: str, place: str) -> None:
        import datasets

        self._table = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
        self._column = column
        self._place = place
        # Names the Parquet files by their commit and the way they were turned into Arrow files.
        self._fingerprint = f"{table._fingerprint} {[file['filename'] for file in table.cache_files]}"

    def __len__(self) -> int:
        return len(self._table)

    def name(self, index: int) -> str:
        return f"{self._place}, row {index}"

    def read(self, index: int) -> bytes:
        data = self._table[index][self._column]["bytes"]
        if data is None:
            raise CorruptImageError(f"{self.name(index)} holds no bytes of an image.")
        return bytes(data)

    def state(self) -> str:
        return f"{self._column} {self._fingerprint}"


class _Columns(NamedTuple):
    image: str
    label: str


def _data_files(source: HubSource) -> dict[str, list[str]]:
    """The addresses of the Parquet files by the repository's own name of their split; no image is downloaded."""
    import datasets

    with _hub_errors(source):
        builder = datasets.load_dataset_builder(source.repo, source.config, revision=source.revision)
    files = {str(split): [str(file) for file in found] for split, found in (builder.config.data_files or {}).items()}
    if not all(file.endswith(".parquet") for found in files.values() for file in found):
        raise DataMismatchError(
            f"{source.spec} is not kept as Parquet files.",
            "Many repositories have a copy in Parquet at the revision refs/convert/parquet.",
        )
    return files


def _table(source: HubSource, split: str, files: list[str]) -> "datasets.Dataset":
    """One split, memory-mapped: its files are downloaded and turned into Arrow files unless that was done before."""
    import datasets

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    with _hub_errors(source):
        return datasets.load_dataset("parquet", data_files={split: files}, split=split)


@contextmanager
def _hub_errors(source: HubSource) -> Iterator[None]:
    """Turn a hub's refusals and a network that is not there into one error that says what to do."""
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (OSError, ValueError, datasets.exceptions.DatasetsError, HfHubHTTPError) as error:
        raise DataMissingError(
            f"{source.spec} cannot be had from the hub: {str(error).rstrip('. ')}.",
            "Where it is gated, accept its terms on its page and log in: hf auth login. Another hub: set HF_ENDPOINT.",
        ) from error


def _columns(source: HubSource, table: "datasets.Dataset") -> _Columns:
    """The columns that the source names, or the only ones of their types."""
    import datasets

    def find(named: str | None, kind: type, option: str) -> str:
        fitting = [column for column, feature in table.features.items() if isinstance(feature, kind)]
        if named in table.column_names:
            return str(named)
        if named is None and len(fitting) == 1:
            return str(fitting[0])
        raise DataMismatchError(
            f"{source.spec} has the columns {', '.join(table.column_names)}: which is the {option}?",
            f"Write it into the address: ?{option}=COLUMN.",
        )

    return _Columns(find(source.image, datasets.Image, "image"), find(source.label, datasets.ClassLabel, "label"))


def _class_names(label: str, tables: Sequence["datasets.Dataset"]) -> tuple[str, ...]:
    """As the repository names them; the sorted texts of a column of texts; else the numbers from 0."""
    import datasets

    feature = tables[0].features[label]
    if isinstance(feature, datasets.ClassLabel):
        return tuple(feature.names)
    found = {value for table in tables for value in table.data.column(label).unique().to_pylist()}
    if all(isinstance(value, str) for value in found):
        return tuple(sorted(found))
    return tuple(str(value) for value in range(max(found) + 1))


def _labels(table: "datasets.Dataset", label: str, class_names: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
    values = table.data.column(label)
    if pyarrow.types.is_integer(values.type):
        return np.asarray(values.to_numpy(), dtype=np.int64)
    position = {name: index for index, name in enumerate(class_names)}
    return np.array([position[value] for value in values.to_pylist()], dtype=np.int64)
