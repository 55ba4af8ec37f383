"""How published files lie in a folder or on a hub, and how they are read; what a set is of, its task says."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..tasks import ImageSet
from ._content import distinct

if TYPE_CHECKING:
    # zoo.data needs torch, and shifts are listed without it.
    import zoo.data


@dataclass(frozen=True, kw_only=True)
class Layout(ABC):
    """The base of every layout. ``family`` names the folder, and the variable that says where it is."""

    family: str

    @property
    @abstractmethod
    def description(self) -> str:
        """The layout in words, for whoever has to make it."""

    @abstractmethod
    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:
        """The images of a condition; labels are positions in ``label_space``, or the model's classes where it is None.

        Raises :class:`~zoo.errors.DataMissingError` where nothing is there and
        :class:`~zoo.errors.DataMismatchError` where something else is.
        """


@dataclass(frozen=True)
class HubColumns:
    """What a Hub repository in Parquet calls things: its split, and the columns of images and labels."""

    split: str
    image: str = "image"
    label: str = "label"


@dataclass(frozen=True, kw_only=True)
class ClassFolders(Layout):
    """One folder of images for each class: WordNet ids or, where ``numbered``, positions among the model's classes.

    Numbered folders are labelled by their number: sorted as texts ("0", "1", "10"), 12 of 1,000 labels are right.
    ``folders`` says where a condition's classes are, below the family's folder or below one folder more (the archives
    of ImageNet-C make one for each group of corruptions); conditions that are not in it lie at a path of their own
    name. With ``hub`` the set may also be the address of a repository (``hub:OWNER/NAME@COMMIT``).
    """

    numbered: bool = False
    folders: Mapping[str, str] = field(default_factory=dict)
    hub: HubColumns | None = None
    paired: bool = False  # the same images under every condition, known by their names

    @property
    def description(self) -> str:
        first = next(iter(self.folders.values()), "")
        kind = "0, 1, ... 999" if self.numbered else "n01440764, ..."
        return f"{first + '/' if first else ''}CLASS/IMAGE, classes {kind}" + (
            "" if self.hub is None else "; or hub:OWNER/NAME@COMMIT in Parquet"
        )

    def read(self, place: str, condition: str, label_space: Sequence[int] | None) -> ImageSet:
        from zoo.data.folder import read_split

        names = class_names(self.numbered, label_space)
        if place.startswith("hub:"):
            return from_hub(place, self.hub, names)
        root = self._root(folder_of(place), condition, names)
        split = read_split(root, names)
        if not self.paired:
            return ImageSet(split.images, split.labels, tuple(distinct(split.ids)))
        files = [Path(split.images.name(row)) for row in range(len(split))]  # type: ignore[attr-defined]
        return ImageSet(split.images, split.labels, tuple(f"{file.parent.name}/{file.stem}" for file in files))

    def _root(self, place: Path, condition: str, names: Sequence[str]) -> Path:
        """The folder of the classes: at the condition's path, or one folder deeper."""
        from zoo.errors import DataMissingError

        path = self.folders.get(condition, condition)
        for candidate in (place / path, *sorted(place.glob(f"*/{path}" if path else "*"))):
            if any((candidate / name).is_dir() for name in names):
                return candidate
        raise DataMissingError(f"neither {place / path} nor a folder below {place} holds folders such as {names[0]}.")


def class_names(numbered: bool, label_space: Sequence[int] | None) -> tuple[str, ...]:
    """ImageNet's classes by WordNet id or by number, those of ``label_space`` in its order."""
    from zoo.core.imagenet_classes import wordnet_ids

    every = tuple(str(number) for number in range(len(wordnet_ids()))) if numbered else wordnet_ids()
    return every if label_space is None else tuple(every[position] for position in label_space)


def folder_of(place: str) -> Path:
    """The folder that a place names; raises :class:`~zoo.errors.DataMissingError` where there is none."""
    from zoo.errors import DataMissingError

    root = Path(place.removeprefix("folder:")).expanduser().absolute()
    if not root.is_dir():
        raise DataMissingError("there is no such folder.")
    return root


def from_hub(place: str, columns: HubColumns | None, names: Sequence[str]) -> ImageSet:
    """A repository in Parquet whose label column holds class names, or numbers of the classes ``names``."""
    from dataclasses import replace

    from zoo.data.hub import HubSource, load_hub
    from zoo.errors import DataMismatchError

    if columns is None:
        raise DataMismatchError("this set is not read from a hub.")
    source = HubSource.parse(place.removeprefix("hub:"))
    found = load_hub(
        replace(source, splits={"test": columns.split}, image=columns.image, label=columns.label)
        if not source.splits
        else source
    )
    (split,) = found.splits.values()
    order = _positions(found, names)
    return ImageSet(split.images, order[split.labels], tuple(distinct(split.ids)))


def _positions(found: "zoo.data.ImageData", names: Sequence[str]) -> np.ndarray:
    """For each class of a repository its position among ``names``."""
    from zoo.core.imagenet_classes import imagenet_classes
    from zoo.errors import DataMismatchError

    words = {first_word(words): wordnet_id for wordnet_id, words in imagenet_classes()}
    place = {plain(name): position for position, name in enumerate(names)}
    known = [
        next((place[key] for key in (plain(name), words.get(first_word(name), "")) if key in place), None)
        for name in found.class_names
    ]
    if found.class_names == tuple(str(number) for number in range(len(names))):
        known = list(range(len(names)))
    if None in known:
        raise DataMismatchError(
            f"its class {found.class_names[known.index(None)]!r} is none of the {len(names)} that are expected "
            f"({names[0]}, ...)."
        )
    return np.array(known, dtype=np.int64)


def first_word(words: str) -> str:
    """The first of several names of a class, in one spelling.

    >>> first_word("Great_White shark, white shark")
    'great white shark'
    """
    return plain(words.partition(",")[0])


def plain(name: str) -> str:
    """A name without what copies spell differently."""
    return name.strip().replace("_", " ").lower()
