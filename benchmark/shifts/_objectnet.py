"""ObjectNet: a red border around each image, folders of its own names, and labels of several ImageNet classes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from ..logits import Logits
from ..tasks import ImageSet
from ._content import distinct
from ._label_spaces import objectnet_labels
from ._layout import HubColumns, Layout, folder_of, from_hub
from ._published import PublishedShift

BORDER = 2
"""Pixels cut off at each side, as imagenet-testbed does; the border itself is one pixel."""


@dataclass(frozen=True, kw_only=True)
class ObjectNetFolders(Layout):
    """``images/FOLDER/IMAGE.png`` and ``mappings/folder_to_objectnet_label.json``; labels count the 113 shared ones."""

    hub: HubColumns

    @property
    def description(self) -> str:
        return (
            "images/FOLDER/IMAGE.png and mappings/folder_to_objectnet_label.json; or hub:OWNER/NAME@COMMIT in Parquet"
        )

    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:  # noqa: ARG002
        names = tuple(objectnet_labels())
        found = from_hub(place, self.hub, names) if place.startswith("hub:") else _from_folders(place, names)
        return found._replace(images=WithoutBorder(found.images, BORDER))


def _from_folders(place: str, names: Sequence[str]) -> ImageSet:
    from zoo.data import encoded_split
    from zoo.data.folder import ImageFiles, image_files
    from zoo.errors import DataMismatchError, DataMissingError

    root = folder_of(place)
    mapping = root / "mappings" / "folder_to_objectnet_label.json"
    if not mapping.is_file():
        raise DataMissingError(f"there is no {mapping}.")
    folder_of_label = {label: folder for folder, label in json.loads(mapping.read_text(encoding="utf-8")).items()}
    if lacking := [name for name in names if name not in folder_of_label]:
        raise DataMismatchError(f"its mapping knows no folder of {lacking[0]!r}.")
    members = [image_files(root / "images", folder_of_label[name]) for name in names]
    labels = np.repeat(np.arange(len(names)), [len(files) for files in members])
    split = encoded_split(ImageFiles(root / "images", [file for files in members for file in files]), labels)
    return ImageSet(split.images, split.labels, tuple(distinct(split.ids)))


@dataclass(frozen=True)
class WithoutBorder:
    """Images with ``border`` pixels cut off at each side; what is hashed are the files as they came."""

    images: Any
    border: int

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w c"]:
        cut = slice(self.border, -self.border)
        inner: UInt8[np.ndarray, "h w c"] = self.images[index][cut, cut]
        return inner

    def sha256s(self) -> Iterator[str]:
        """Of the whole files."""
        hashes: Iterator[str] = self.images.sha256s()
        return hashes


@dataclass(frozen=True, kw_only=True)
class ObjectNetShift(PublishedShift):
    """Right is any class of the image's label; the one with the largest logit stands for it in what is stored.

    Whether the prediction is right follows from that exactly; the likelihood of the label does not, so that only
    accuracies are computed.
    """

    __hash__ = PublishedShift.__hash__

    def judged(
        self, logits: Logits, labels: Int[np.ndarray, " n"] | None
    ) -> tuple[Logits, Int[np.ndarray, " n"] | None]:
        space = self.label_space or ()
        position = {index: place for place, index in enumerate(space)}
        cut = logits.restricted(space)
        if labels is None:
            return cut, None
        accepted = [np.array([position[index] for index in indices]) for indices in objectnet_labels().values()]
        best = [accepted[label][row[accepted[label]].argmax()] for label, row in zip(labels, cut.values, strict=True)]
        return cut, np.array(best, dtype=np.int64)
