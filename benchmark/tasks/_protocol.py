"""What a task is: frozen metadata, and the image sets that a model is shown.

A task never changes once results exist for it: a new number of images, class order or licence is a new version, a file
of its own. Everything here is free of torch and of the images themselves; they are loaded, and compared with the
metadata, by :meth:`Task.image_sets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Int, Int64

from zoo.checkpoint.config import Preprocessing

from ..logits import Logits

if TYPE_CHECKING:
    # zoo.data needs torch, and tasks are listed and written into catalogues without it.
    import zoo.data

Keep = Literal["all", "top"]
"""Whether the logits of all classes are stored, or the 20 largest of each image, as on large shifted sets."""

TaskKind = Literal["upstream", "transfer", "shift", "ood", "cost"]


class LabelledSet(NamedTuple):
    """One split of a data source; labels count from 0 in the task's class order."""

    images: "zoo.data.Images"
    labels: Int64[np.ndarray, " n"]
    ids: "zoo.data.Ids"


class ImageSet(NamedTuple):
    """Images as loaded (before preprocessing), their labels in the task's class order, and their permanent ids.

    ``labels`` is None for images of none of the classes (out-of-distribution).
    """

    images: "zoo.data.Images"
    labels: Int64[np.ndarray, " n"] | None
    ids: "zoo.data.Ids"


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """The base of every kind of task; each kind adds its own data.

    ``primary_metric`` is the ``name@version`` that boards show first.
    """

    kind: ClassVar[TaskKind]
    name: str
    version: str
    title: str
    primary_metric: str
    source: str

    @property
    def id(self) -> str:
        """``name@version``, the key of results."""
        return f"{self.name}@{self.version}"

    @property
    def classes(self) -> int | None:
        """The number of classes to predict, or None where nothing is predicted."""
        return None

    @property
    def n_test(self) -> int | None:
        """The number of distinct test images, or None where there are none."""
        return None

    @property
    def licence(self) -> str | None:
        """The licence of the images."""
        return None

    @property
    def citation(self) -> str | None:
        """Whom to cite for the images."""
        return None

    @abstractmethod
    def manifest(self) -> Mapping[str, Any]:
        """Everything frozen that has no field of its own, as JSON types; stored in the catalogue."""

    @abstractmethod
    def image_sets(self) -> Mapping[str, ImageSet]:
        """The sets that a model predicts, by condition, checked against the metadata.

        Raises :class:`~benchmark.errors.ManifestError` where the data differ. Empty for tasks without images.
        """

    def fitting_set(self) -> LabelledSet | None:
        """Labelled images of the source distribution that are not tested on: a temperature is fitted on them."""
        return None

    @property
    def fitting_caveat(self) -> str | None:
        """What a reader of the temperature must know of these images; stands in the notes of the row."""
        return None

    def reference_set(self) -> LabelledSet | None:
        """Labelled training images, whose features those of unfamiliar images are compared with."""
        return None

    def reference_choice(self) -> Mapping[str, int]:
        """How many of each class are drawn for :meth:`reference_set`, and the seed; empty where all are taken."""
        return {}

    @property
    def keep(self) -> Keep:
        """What is stored of the predictions."""
        return "all"

    @property
    def model_classes(self) -> int | None:
        """The number of logits that a model as published must have."""
        return self.classes

    def fed(self, preprocessing: Preprocessing, condition: str = "") -> Preprocessing:  # noqa: ARG002
        """How a model of that ``preprocessing`` is fed the images of a condition."""
        return preprocessing

    def judged(
        self, logits: Logits, labels: Int[np.ndarray, " n"] | None
    ) -> tuple[Logits, Int[np.ndarray, " n"] | None]:
        """The logits of the classes that count, and the labels among them, from the model's and the image set's."""
        return logits, labels

    def data_sha256(self) -> Mapping[str, str]:
        """The hash of each data source, by its specification; provenance of every result."""
        return {}
