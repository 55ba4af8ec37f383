"""``imagenet``: ILSVRC 2012, wherever it is on this machine; the environment variable ``PRUNARIUM_IMAGENET`` says it.

* the folder with ``train/n01440764/*.JPEG`` and ``val/n01440764/*.JPEG`` (torchvision's layout);
* ``wds:FOLDER``, or the folder itself: WebDataset shards such as ``imagenet1k-train-0000.tar``;
* ``hub:ILSVRC/imagenet-1k@REVISION``: the gated repository in Parquet, through the cache of the Hugging Face libraries.

Labels are the positions of the sorted WordNet ids in all three, and the ids are the class names. The 50,000 validation
images are the test split: the labels of the real one were never published.
"""

import os
from dataclasses import replace
from pathlib import Path

from ..core.errors import UsageError
from ..core.imagenet_classes import imagenet_classes, wordnet_ids
from ..errors import DataMismatchError, DataMissingError
from . import SOURCES
from ._images import ImageData
from .folder import folder
from .hub import HubSource, load_hub
from .shards import shards

PLACE = "PRUNARIUM_IMAGENET"
CITATION = (
    "O. Russakovsky et al. (2015). ImageNet Large Scale Visual Recognition Challenge. International Journal of "
    "Computer Vision 115(3), 211-252. doi:10.1007/s11263-015-0816-y"
)
LICENCE = "ImageNet terms of access (research and education)"
HOW_TO_GET = (
    "Ask for it at image-net.org or on the page of ILSVRC/imagenet-1k, then say where it is: "
    f"{PLACE}=/data/imagenet (train/ and val/ with one folder a class), {PLACE}=wds:/data/shards or "
    f"{PLACE}=hub:ILSVRC/imagenet-1k@COMMIT."
)


@SOURCES.register("imagenet")
def imagenet(selection: str) -> ImageData:
    """ImageNet; raises :class:`DataMissingError` that says how to get it, and :class:`DataMismatchError`."""
    if selection:
        raise UsageError(f"'imagenet:{selection}' is no data.", "Write imagenet, and say where it is in " + PLACE + ".")
    place = os.environ.get(PLACE, "")
    if not place:
        raise DataMissingError(f"{PLACE} does not say where ImageNet is.", HOW_TO_GET)
    data = _load(place)
    if not _in_order(data.class_names):
        raise DataMismatchError(
            f"{PLACE}={place} does not hold the 1,000 classes of ILSVRC 2012 in their order: it has "
            f"{len(data.class_names)}, from {data.class_names[0]} to {data.class_names[-1]}.",
            HOW_TO_GET,
        )
    return replace(
        data, name="ImageNet", spec="imagenet", class_names=wordnet_ids(), licence=LICENCE, citation=CITATION
    )


def _load(place: str) -> ImageData:
    kind, separator, selection = place.partition(":")
    if separator and kind == "hub":
        # Its own test split has no labels.
        source = HubSource.parse(selection)
        return load_hub(source if source.splits else replace(source, splits={"train": "train", "test": "validation"}))
    if separator and kind == "wds":
        return shards(selection)
    root = Path(selection if separator and kind == "folder" else place).expanduser()
    if not root.is_dir():
        raise DataMissingError(f"{PLACE} names {place}, and there is no such folder.", HOW_TO_GET)
    return folder(str(root)) if (root / "train").is_dir() else shards(str(root))


def _in_order(names: tuple[str, ...]) -> bool:
    """Whether names, be they ids, numbers or words, are those of the classes at their places.

    Copies spell the words of a few classes in their own way ("crane" is two of them), so one in twenty may differ; in
    another order hardly any fits.
    """
    if len(names) != len(imagenet_classes()):
        return False
    fitting = sum(
        name in (wordnet_id, str(place)) or _first_word(name) == _first_word(words)
        for place, (name, (wordnet_id, words)) in enumerate(zip(names, imagenet_classes(), strict=True))
    )
    return fitting >= 0.95 * len(names)


def _first_word(words: str) -> str:
    return words.partition(",")[0].strip().replace("_", " ").lower()
