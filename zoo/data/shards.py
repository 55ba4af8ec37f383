"""``wds:FOLDER``: WebDataset tar shards on this machine, such as ``imagenet1k-train-0000.tar``.

The members of a sample share a key, the path up to the first dot of the file's name: ``KEY.jpg`` (or jpeg, png, webp)
and ``KEY.cls`` with the label as a decimal number. A shard belongs to the split that its name, or the folder that it
lies in, mentions as a word. ``classes.txt`` or ``classnames.txt`` in the folder gives the class names, one a line;
without it they are "0", "1" and so on.

The ``webdataset`` library reads shards from front to back, shuffled through a buffer. Here they are indexed once
instead (headers and labels, no image), so that an order is a true permutation, the same for any number of workers,
and a run continues at any batch without reading what lies before it. Shards must therefore be uncompressed files.
"""

import hashlib
import os
import tarfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from ..core.canonical import canonical_json
from ..core.errors import UsageError
from ..core.files import atomic_file
from ..core.home import cache_folder
from ..core.progress import track
from ..errors import CorruptImageError, DataMismatchError, DataMissingError
from . import SOURCES
from ._encoded import EncodedImages, encoded_split
from ._images import ImageData, Split
from ._splits import held_out, split_in

IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "webp")
CLASS_FILES = ("classes.txt", "classnames.txt")


@SOURCES.register("wds")
def shards(selection: str) -> ImageData:
    """The shards below a folder; raises :class:`DataMissingError` where there are none."""
    if not selection:
        raise UsageError("'wds:' names no folder.", "Write wds:FOLDER, the folder that holds the .tar files.")
    root = Path(selection).expanduser().absolute()
    parts: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*.tar")):
        name = split_in(path.name) or split_in(str(path.parent.relative_to(root)))
        if name is not None:
            parts.setdefault(name, []).append(path)
    if not parts:
        raise DataMissingError(
            f"{root} holds no shards of a split.", "Expected .tar files that have train, val or test in their names."
        )
    splits = held_out({name: read_shards(paths) for name, paths in parts.items()})
    return ImageData(
        name=root.name,
        spec=f"wds:{root}",
        class_names=_class_names(root, splits),
        splits=splits,
        licence="unknown",
        citation=f"images of the shards in {root.name}",
    )


class ShardMembers(EncodedImages):
    """Images inside of tar files: (shard, offset, bytes) each, read at their place."""

    def __init__(self, paths: Sequence[Path], places: Int64[np.ndarray, "n 3"]) -> None:
        self._paths = list(paths)
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def name(self, index: int) -> str:
        shard, offset, _ = self._places[index]
        return f"{self._paths[shard]}, byte {offset}"

    def read(self, index: int) -> bytes:
        shard, offset, size = (int(value) for value in self._places[index])
        # One positioned read: worker processes that share the descriptor do not move each other's place.
        data = os.pread(self._open[shard], size, offset)
        if len(data) < size:
            raise CorruptImageError(f"{self.name(index)}: the shard ends before the image does.")
        return data

    def state(self) -> str:
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in self._paths]
        return f"{stats} {hashlib.sha256(self._places.tobytes()).hexdigest()}"

    @cached_property
    def _open(self) -> "_OpenFiles":
        return _OpenFiles(self._paths)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_open"}


class _OpenFiles:
    """Descriptors of files, opened when they are asked for and closed with this object."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._descriptors: dict[int, int] = {}

    def __getitem__(self, index: int) -> int:
        if index not in self._descriptors:
            self._descriptors[index] = os.open(self._paths[index], os.O_RDONLY)
        return self._descriptors[index]

    def __del__(self) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)


class _Index(NamedTuple):
    places: Int64[np.ndarray, "n 2"]
    labels: Int64[np.ndarray, " n"]


def read_shards(paths: Sequence[Path]) -> Split:
    """The samples of tar files, shard by shard in their stored order."""
    indices = [_index_of(path) for path in track(paths, "Indexing shards")]
    places = [np.insert(index.places, 0, shard, axis=1) for shard, index in enumerate(indices)]
    return encoded_split(
        ShardMembers(paths, np.concatenate(places)), np.concatenate([index.labels for index in indices])
    )


def _index_of(path: Path) -> _Index:
    """The index of one shard, from the cache if the file has not changed since."""
    stat = path.stat()
    key = hashlib.sha256(canonical_json([str(path), stat.st_size, stat.st_mtime_ns])).hexdigest()
    cached = cache_folder("shards") / f"{key}.npy"
    if cached.exists():
        table = np.load(cached)
    else:
        table = _read_index(path)
        with atomic_file(cached) as temporary, temporary.open("wb") as file:
            np.save(file, table)
    return _Index(table[:, :2], table[:, 2])


def _read_index(path: Path) -> Int64[np.ndarray, "n 3"]:
    """(offset, bytes, label) of every sample."""
    from webdataset.tariterators import base_plus_ext

    images: dict[str, tuple[int, int]] = {}
    labels: dict[str, int] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                key, extension = base_plus_ext(member.name)
                if not member.isfile() or key is None:
                    continue
                if extension.lower() in IMAGE_EXTENSIONS:
                    images[key] = (member.offset_data, member.size)
                elif extension == "cls" and (file := tar.extractfile(member)) is not None:
                    labels[key] = int(file.read())
    except (tarfile.TarError, OSError, ValueError) as error:
        raise CorruptImageError(f"{path} is no tar file of images (jpg) with labels (cls): {error}.") from error
    if images.keys() != labels.keys():
        lonely = sorted(images.keys() ^ labels.keys())[:3]
        raise DataMismatchError(f"{path}: {', '.join(lonely)} have only one of image and label (cls).")
    return np.array([(*images[key], labels[key]) for key in images], dtype=np.int64).reshape(-1, 3)


def _class_names(root: Path, splits: dict[str, Split]) -> tuple[str, ...]:
    for name in CLASS_FILES:
        if (root / name).is_file():
            return tuple((root / name).read_text(encoding="utf-8").splitlines())
    return tuple(str(label) for label in range(1 + max(int(split.labels.max()) for split in splits.values())))
