"""Published NumPy files: mapped into memory, never unpickled."""

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from ..tasks import ImageSet
from ._content import distinct
from ._layout import HubColumns, Layout, folder_of, from_hub

Pictures = UInt8[np.ndarray, "n h w c"]
Labels = Int64[np.ndarray, " n"]
SEVERITIES = 5


@dataclass(frozen=True, kw_only=True)
class SeverityArrays(Layout):
    """``CORRUPTION.npy``, the images of severity 1, then of severity 2 and so on, and one ``labels.npy`` for all."""

    @property
    def description(self) -> str:
        return "CORRUPTION.npy (5 x n images, 32 x 32 x 3 bytes each, by severity) and labels.npy"

    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:  # noqa: ARG002
        from zoo.errors import DataMismatchError

        root = folder_of(place)
        corruption, _, severity = condition.partition("/")
        images, labels = _pictures(root / f"{corruption}.npy"), _labels(root / "labels.npy")
        n = len(images) // SEVERITIES
        if len(images) != len(labels) or len(images) % SEVERITIES:
            raise DataMismatchError(f"{corruption}.npy has {len(images)} images and labels.npy {len(labels)} labels.")
        if any((labels[n * i : n * (i + 1)] != labels[:n]).any() for i in range(SEVERITIES)):
            raise DataMismatchError("the severities of labels.npy are not five times the same labels.")
        rows = slice(n * (int(severity) - 1), n * int(severity))
        return ImageSet(images[rows], labels[rows], tuple(f"{row:05d}" for row in range(n)))


@dataclass(frozen=True, kw_only=True)
class ArrayPair(Layout):
    """One file of images and one of labels."""

    images: str
    labels: str

    @property
    def description(self) -> str:
        return f"{self.images} (n x 32 x 32 x 3 bytes) and {self.labels}"

    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:  # noqa: ARG002
        root = folder_of(place)
        images, labels = _pictures(root / self.images), _labels(root / self.labels)
        return _by_content(images, labels)


@dataclass(frozen=True, kw_only=True)
class ArrayDictionary(Layout):
    """One file that holds a dictionary of ``images`` and ``labels``, pickled into an array without dimensions."""

    file: str
    hub: HubColumns | None = None
    classes: int

    @property
    def description(self) -> str:
        return f"{self.file}, a dictionary of images and labels" + (
            "" if self.hub is None else "; or hub:OWNER/NAME@COMMIT in Parquet"
        )

    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:  # noqa: ARG002
        if place.startswith("hub:"):
            return from_hub(place, self.hub, tuple(str(number) for number in range(self.classes)))
        fields = read_dictionary(_existing(folder_of(place) / self.file))
        return _by_content(_as_pictures(fields.get("images"), self.file), _as_labels(fields.get("labels"), self.file))


def read_dictionary(path: Path) -> dict[str, Any]:
    """The dictionary in a file of ``np.save``; nothing but arrays is ever built, whatever the file asks for.

    Raises :class:`~zoo.errors.DataMismatchError` for anything else.
    """
    from zoo.errors import DataMismatchError

    data = io.BytesIO(path.read_bytes())
    try:
        version = np.lib.format.read_magic(data)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(data)
        fields = _ArraysAlone(data).load()
        if shape != () or dtype != np.dtype(object) or not isinstance(held := fields.item(), dict):
            raise ValueError("it holds no dictionary")
    except (pickle.UnpicklingError, ValueError, EOFError, AttributeError, TypeError) as error:
        raise DataMismatchError(f"{path.name} is no dictionary of arrays: {error}.") from error
    return held


class _ArraysAlone(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NEEDED:
            return _NEEDED[module, name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


_reconstruct: Callable[..., Any] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]
_NEEDED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


def _by_content(images: Pictures, labels: Labels) -> ImageSet:
    import hashlib

    from zoo.errors import DataMismatchError

    if len(images) != len(labels):
        raise DataMismatchError(f"there are {len(images)} images and {len(labels)} labels.")
    return ImageSet(images, labels, tuple(distinct(hashlib.sha256(image.tobytes()).hexdigest() for image in images)))


def _pictures(path: Path) -> Pictures:
    return _as_pictures(_loaded(path), path.name)


def _labels(path: Path) -> Labels:
    return _as_labels(_loaded(path), path.name)


def _loaded(path: Path) -> Any:
    from zoo.errors import DataMismatchError

    try:
        return np.load(_existing(path), mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise DataMismatchError(f"{path.name} is no array: {error}.") from error


def _existing(path: Path) -> Path:
    from zoo.errors import DataMissingError

    if not path.is_file():
        raise DataMissingError(f"there is no {path.name}.")
    return path


def _as_pictures(found: Any, name: str) -> Pictures:
    from zoo.errors import DataMismatchError

    if not isinstance(found, np.ndarray) or found.dtype != np.uint8 or found.ndim != 4 or found.shape[3] != 3:
        raise DataMismatchError(f"{name}: expected bytes of shape n x h x w x 3, got {_said(found)}.")
    return found


def _as_labels(found: Any, name: str) -> Labels:
    from zoo.errors import DataMismatchError

    if not isinstance(found, np.ndarray) or found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        raise DataMismatchError(f"{name}: expected one whole number an image, got {_said(found)}.")
    return np.asarray(found).astype(np.int64)


def _said(found: Any) -> str:
    return f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
