"""Shifted sets that others have published: users bring the files, and these are checked before they are scored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from zoo.checkpoint.config import Preprocessing

from ..errors import ManifestError
from ..logits import Logits
from ..tasks import TASKS, BroughtTask, ImageSet
from ..tasks._protocol import Keep
from ._clean import clean_set
from ._corruption_sets import CLEAN
from ._layout import Layout
from ._protocol import ShiftTask

LARGE = 5_000
"""Conditions times classes, above which the largest logits are kept instead of all."""


class Terms(NamedTuple):
    """The licence in words, and whom to cite. ``gated``: to be had only after agreeing to them."""

    licence: str
    citation: str
    gated: bool = False


@dataclass(frozen=True, kw_only=True)
class PublishedShift(BroughtTask, ShiftTask):
    """Images of somebody else, in the layout in which they are published.

    ``addresses`` say where to get them (an archive, ``hub:OWNER/NAME``); ``n_each`` is the number of images of every
    condition and ``per_class`` that of every class, None where sources disagree or classes differ. ``label_space`` are
    the classes of the model (it has ``of_classes``) that count, in rising order: logits are cut to them before anything
    is computed. ``cropped``: the files are as large as the network's input already, and are not resized once more.
    ``clean``: the source task's test images are predicted beside them, where the user has them, by their names.
    ``upstream_data`` is what a model must have been trained on. Parts are the conditions.
    """

    upstream_data: str
    layout: Layout
    addresses: tuple[str, ...]
    terms: Terms
    n_each: int | None
    per_class: int | None = None
    of_classes: int
    label_space: tuple[int, ...] | None = None
    shown: tuple[str, ...] = ("",)
    cropped: bool = False
    clean: bool = False

    @property
    def keep(self) -> Keep:
        """Of ImageNet-C in full, the logits of all classes would be 7.5 GB a checkpoint."""
        return "top" if len(self.conditions) * self.classes > LARGE else "all"

    __hash__ = BroughtTask.__hash__

    @property
    def conditions(self) -> tuple[str, ...]:
        return self.shown

    @property
    def parts(self) -> tuple[str, ...]:
        return self.shown

    @property
    def family(self) -> str:
        return self.layout.family

    @property
    def gated(self) -> bool:
        return self.terms.gated

    @property
    def classes(self) -> int:
        return self.of_classes if self.label_space is None else len(self.label_space)

    @property
    def model_classes(self) -> int:
        return self.of_classes

    @property
    def n_test(self) -> int | None:
        return self.n_each

    @property
    def licence(self) -> str:
        return self.terms.licence

    @property
    def citation(self) -> str:
        return self.terms.citation

    def manifest(self) -> Mapping[str, Any]:
        return {
            "source_task": self.source_task,
            "regenerated": self.regenerated,
            "conditions": list(self.conditions),
            "metrics": list(self.metrics),
            "aggregates": list(self.aggregates),
            "addresses": list(self.addresses),
            "layout": self.layout.description,
            "n_each": self.n_each,
            "per_class": self.per_class,
            "label_space": None if self.label_space is None else list(self.label_space),
            "preprocessing": "centre crop only" if self.cropped else "the checkpoint's own",
            "gated": self.terms.gated,
            "sha256": dict(self.sha256),
        }

    @property
    def predicted(self) -> tuple[str, ...]:
        """The conditions, and last the clean images, where they are."""
        return self.parts if self._clean() is None else (*self.parts, CLEAN)

    def predicted_set(self, name: str) -> ImageSet:
        return (self._clean() if name == CLEAN else None) or self.verified_part(name)

    def data_sha256(self) -> Mapping[str, str]:
        vouched = super().data_sha256()
        return vouched if self._clean() is None else {**vouched, **TASKS[self.source_task].data_sha256()}

    def _clean(self) -> ImageSet | None:
        return clean_set(self.source_task, self.label_space) if self.clean else None

    def read_part(self, place: str, part: str) -> ImageSet:
        return _checked_set(self, part, place)

    def fed(self, preprocessing: Preprocessing, condition: str = "") -> Preprocessing:
        """``preprocessing`` without its resizing and its margin, where the files were cropped before."""
        return preprocessing if not self.cropped or condition == CLEAN else replace(preprocessing, crop_fraction=1.0)

    def judged(
        self, logits: Logits, labels: Int[np.ndarray, " n"] | None
    ) -> tuple[Logits, Int[np.ndarray, " n"] | None]:
        return (logits if self.label_space is None else logits.restricted(self.label_space)), labels

    def how_to_get(self) -> str:
        return (
            f"Get them ({', '.join(self.addresses)}), then say where they are: {self.place_variable}=FOLDER. "
            f"Expected there: {self.layout.description}."
        )


def _checked_set(shift: PublishedShift, condition: str, place: str) -> ImageSet:
    """One condition as the user has it; raises :class:`ManifestError` where it is not what was published."""
    from zoo.errors import DataMismatchError, DataMissingError

    what = f"{shift.id} ({condition})" if condition else shift.id
    try:
        found = shift.layout.read(place, condition, shift.label_space)
    except DataMissingError as error:
        raise ManifestError(f"The images of {what} are not at {place}: {error.message}", shift.how_to_get()) from error
    except DataMismatchError as error:
        raise ManifestError(f"{place} is not laid out as {what} was: {error.message}", shift.how_to_get()) from error
    if differences := list(_differences(shift, found)):
        raise ManifestError(
            f"The images of {what} at {place} are not those that were published: {'; '.join(differences)}.",
            shift.how_to_get(),
        )
    return found


def _differences(shift: PublishedShift, found: ImageSet) -> Iterator[str]:
    if shift.n_each is not None and len(found.images) != shift.n_each:
        yield f"expected {shift.n_each:,} images, got {len(found.images):,}"
    if found.labels is not None and shift.per_class is not None:
        counts = np.bincount(found.labels, minlength=shift.classes)
        if (counts != shift.per_class).any():
            wrong = int((counts != shift.per_class).argmax())
            yield f"expected {shift.per_class} images of every class, got {counts[wrong]} of class {wrong}"
