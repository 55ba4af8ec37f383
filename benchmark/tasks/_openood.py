"""OpenOOD v1.5: lists of files that say which images are in which set, and the images beside them.

Zhang et al. 2023 (arXiv 2306.09301). The folder that ``PRUNARIUM_OPENOOD`` names is the authors' ``data``::

    benchmark_imglist/imagenet/test_ssb_hard.txt     ssb_hard/n00470682/n00470682_14.JPEG -1
    images_largescale/ssb_hard/...                   images_classic/texture/... for the textures
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..errors import ManifestError
from ._brought import BroughtTask
from ._manifest import first_of_each_class
from ._protocol import ImageSet, LabelledSet, TaskKind

PLACE = "PRUNARIUM_OPENOOD"
LISTS = "benchmark_imglist/imagenet"
INSIDE, TRAINING = "inside", "training"
LICENCE = "of each set: iNaturalist, Textures, OpenImages, ImageNet-21k and NINCO, several for research only"
CITATION = (
    "J. Zhang et al. (2023). OpenOOD v1.5: Enhanced Benchmark for Out-of-Distribution Detection. arXiv:2306.09301"
)
HOW_TO_GET = (
    "Get them with the scripts of github.com/Jingkang50/OpenOOD (they are on a drive of its authors; ImageNet is its "
    f"owners'), then say where its folder data is: {PLACE}=FOLDER. Expected there: {LISTS}/*.txt, images_largescale/ "
    "and images_classic/."
)


@dataclass(frozen=True, kw_only=True)
class OpenOodTask(BroughtTask):
    """A group of OpenOOD's sets beside 45,000 validation images of ImageNet.

    ``lists`` maps a set to its list and the folder that the list's paths start from; ``expected`` are the numbers of
    images. ``fit_per_class`` training images of each class, the first by the SHA-256 of their path, are what features
    are compared with: fewer than OpenOOD's own 1.28 million, so that feature scores are compared with each other only.
    """

    kind: ClassVar[TaskKind] = "ood"
    lists: Mapping[str, tuple[str, str]]
    expected: Mapping[str, int]
    fit_per_class: int
    of_classes: int = 1000
    inside_list: tuple[str, str] = ("test_imagenet", "images_largescale")
    training_list: tuple[str, str] = ("train_imagenet", "images_largescale")
    upstream_data: str = "imagenet"

    __hash__ = BroughtTask.__hash__

    @property
    def parts(self) -> tuple[str, ...]:
        return (INSIDE, *self.outside, TRAINING)

    @property
    def family(self) -> str:
        return "openood"

    @property
    def gated(self) -> bool:
        return True

    def how_to_get(self) -> str:
        return HOW_TO_GET

    @property
    def outside(self) -> tuple[str, ...]:
        """The sets of images of none of the classes."""
        return tuple(self.lists)

    @property
    def classes(self) -> int:
        return self.of_classes

    @property
    def n_test(self) -> int:
        return sum(self.expected.values())

    @property
    def licence(self) -> str:
        return LICENCE

    @property
    def citation(self) -> str:
        return CITATION

    def manifest(self) -> Mapping[str, Any]:
        return {
            "lists": {name: f"{LISTS}/{file}.txt below {root}" for name, (file, root) in self.lists.items()},
            "expected": dict(self.expected),
            "fit_per_class": self.fit_per_class,
            "inside": self.inside_list[0],
            "training": self.training_list[0],
        }

    @property
    def predicted(self) -> tuple[str, ...]:
        """``inside`` and the sets of the group."""
        return (INSIDE, *self.outside)

    def read_part(self, place: str, part: str) -> ImageSet:
        return _read(self, part, place)

    def reference_set(self) -> LabelledSet:
        """The labelled training images that features are compared with."""
        images, labels, ids = self.verified_part(TRAINING)
        if labels is None:
            raise ManifestError(f"The list of {TRAINING} images has no labels.", HOW_TO_GET)
        return LabelledSet(images, labels, ids)


def _read(task: OpenOodTask, name: str, where: str) -> ImageSet:
    from zoo.data import encoded_split
    from zoo.data.folder import ImageFiles

    list_name, folder = {INSIDE: task.inside_list, TRAINING: task.training_list, **task.lists}[name]
    root = Path(where).expanduser().absolute()
    rows = _rows(root / LISTS / f"{list_name}.txt")
    if name == TRAINING:
        chosen = first_of_each_class([file for file, _ in rows], [label for _, label in rows], task.fit_per_class)
        rows = [rows[row] for row in chosen]
    labels = np.array([label for _, label in rows], dtype=np.int64)
    _check(task, name, labels)
    files = [path for path, _ in rows]
    if absent := [path for path in files if not (root / folder / path).is_file()]:
        raise ManifestError(
            f"{len(absent)} of the images of {name} are not there, {folder}/{absent[0]} first.", HOW_TO_GET
        )
    images = encoded_split(ImageFiles(root / folder, files), labels).images
    known = name in (INSIDE, TRAINING)
    return ImageSet(images, labels if known else None, tuple(files))


def _rows(path: Path) -> list[tuple[str, int]]:
    if not path.is_file():
        raise ManifestError(f"There is no {path}.", HOW_TO_GET)
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [(file, int(label)) for file, _, label in (line.strip().rpartition(" ") for line in lines if line.strip())]
    if len({file for file, _ in rows}) != len(rows):
        raise ManifestError(f"{path} names a file twice.", HOW_TO_GET)
    return rows


def _check(task: OpenOodTask, name: str, labels: np.ndarray) -> None:
    wanted = task.expected.get(name)
    if wanted is not None and len(labels) != wanted:
        raise ManifestError(f"The list of {name} has {len(labels):,} images, {task.id} has {wanted:,}.", HOW_TO_GET)
    if name in (INSIDE, TRAINING) and not (len(labels) and 0 <= labels.min() <= labels.max() < task.of_classes):
        raise ManifestError(
            f"The list of {name} has labels that are none of the {task.of_classes} classes.", HOW_TO_GET
        )
