"""``archive:NAME``: data sets as their authors publish them, unpacked below ``PRUNARIUM_DATA/NAME``.

One file for each; most are read, and where their addresses still answer also fetched, by torchvision, which checks the
MD5 of what it downloads. Splits are those of the transfer protocol of Kornblith et al. 2019 (arXiv 1805.08974): "train"
is everything that may be trained on, validation images included. ``archive:NAME@PATH`` reads another folder.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...core.home import data_folder
from ...core.plugins import Plugins
from ...errors import DataMissingError
from .. import SOURCES
from .._encoded import encoded_split
from .._images import ImageData, Split
from ..folder import ImageFiles


class Contents(NamedTuple):
    """What an archive holds: class names in the order of the labels, and the splits "train" and "test"."""

    class_names: tuple[str, ...]
    splits: Mapping[str, Split]


@dataclass(frozen=True)
class Archive:
    """``read`` gets the folder of the unpacked archive; ``layout`` says in words what it expects there.

    ``download`` puts it there, None where nobody can fetch it unattended; ``url`` is the authors' page.
    """

    read: Callable[[Path], Contents]
    layout: str
    url: str
    download: Callable[[Path], object] | None = None


ARCHIVES: Plugins[Archive] = Plugins("archive", __name__)


@SOURCES.register("archive")
def archive(selection: str) -> ImageData:
    """The images of an archive; raises :class:`DataMissingError` that says what was expected where."""
    name, _, place = selection.partition("@")
    entry, root = ARCHIVES[name], folder_of(selection)
    try:
        contents = entry.read(root)
    except (RuntimeError, OSError) as error:
        # torchvision raises RuntimeError where files are missing, without saying which.
        raise DataMissingError(
            f"The archive of {name} is not in {root}: {error}.", f"Expected there: {entry.layout}. From: {entry.url}"
        ) from error
    return ImageData(
        name=name,
        spec=f"archive:{name}@{root}" if place else f"archive:{name}",
        class_names=contents.class_names,
        splits=contents.splits,
        licence="unknown",
        citation=entry.url,
    )


def download_archive(name: str) -> None:
    """Fetch an archive from its authors and unpack it where :func:`archive` looks for it.

    Raises :class:`DataMissingError` where nobody can fetch it unattended, or the authors' server does not give it.
    """
    entry, root = ARCHIVES[name], folder_of(name)
    if entry.download is None:
        raise DataMissingError(
            f"Nobody can fetch {name} unattended: ask for it at {entry.url}",
            f"Then put it into {root}: {entry.layout}.",
        )
    root.mkdir(parents=True, exist_ok=True)
    try:
        # torchvision reports on stdout, which belongs to results.
        with redirect_stdout(sys.stderr):
            entry.download(root)
    except (RuntimeError, OSError) as error:
        raise DataMissingError(
            f"{name} cannot be fetched: {error}.", f"From another place, into {root}: {entry.layout}. See {entry.url}"
        ) from error


def folder_of(selection: str) -> Path:
    """Where the archive ``NAME`` or ``NAME@PATH`` is, or would be."""
    name, _, place = selection.partition("@")
    return Path(place).expanduser().absolute() if place else data_folder() / name


def file_split(root: Path, files: Iterable[str | Path], labels: Sequence[int]) -> Split:
    """A split of files below ``root``."""
    names = [str(Path(file).relative_to(root)) for file in files]
    return encoded_split(ImageFiles(root, names), np.asarray(labels, dtype=np.int64))


def first_of_each_class(root: Path, classes: Sequence[str], n: int) -> Contents:
    """The first ``n`` files of each class folder, sorted by name, for training, and the others for the test."""
    parts: dict[str, tuple[list[Path], list[int]]] = {"train": ([], []), "test": ([], [])}
    for label, name in enumerate(classes):
        # The archives carry stray files and a folder inside of a class; neither is an image of the set.
        files = sorted(path for path in (root / name).iterdir() if path.suffix.lower() == ".jpg" and path.is_file())
        for part, chosen in (("train", files[:n]), ("test", files[n:])):
            parts[part][0].extend(chosen)
            parts[part][1].extend([label] * len(chosen))
    return Contents(tuple(classes), {part: file_split(root, *found) for part, found in parts.items()})
