"""Shifted sets that others have published: users bring the files, and these are checked before they are scored."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from zoo.checkpoint.config import Preprocessing
from zoo.core.home import home_folder

from ..errors import ManifestError
from ..logits import Logits
from ..tasks import ImageSet
from ..tasks._protocol import Keep
from ._content import digest
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
class PublishedShift(ShiftTask):
    """Images of somebody else, in the layout in which they are published.

    ``addresses`` say where to get them (an archive, ``hub:OWNER/NAME``); ``n_each`` is the number of images of every
    condition and ``per_class`` that of every class, None where sources disagree or classes differ. ``label_space`` are
    the classes of the model (it has ``of_classes``) that count, in rising order: logits are cut to them before anything
    is computed. ``cropped``: the files are as large as the network's input already, and are not resized once more.
    ``sha256`` pins conditions by :func:`benchmark.shifts._content.digest`; one that is not there was never seen by
    whoever wrote the task (unverified). ``upstream_data`` is what a model must have been trained on.
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
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def keep(self) -> Keep:
        """Of ImageNet-C in full, the logits of all classes would be 7.5 GB a checkpoint."""
        return "top" if len(self.conditions) * self.classes > LARGE else "all"

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def conditions(self) -> tuple[str, ...]:
        return self.shown

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

    def data_sha256(self) -> Mapping[str, str]:
        return {f"{self.id}/{condition}".rstrip("/"): digest for condition, digest in self.sha256.items()}

    def image_sets(self) -> "ShiftSets":
        """The set of each condition, found and checked when it is asked for."""
        return ShiftSets(self)

    def content_sha256(self, condition: str) -> str:
        """What was found of a condition, as one hash (:func:`benchmark.shifts._content.digest`)."""
        return digest(self.image_sets()[condition])

    def fed(self, preprocessing: Preprocessing) -> Preprocessing:
        """``preprocessing`` without its resizing and its margin, where the files were cropped before."""
        return preprocessing if not self.cropped else replace(preprocessing, crop_fraction=1.0)

    def judged(
        self, logits: Logits, labels: Int[np.ndarray, " n"] | None
    ) -> tuple[Logits, Int[np.ndarray, " n"] | None]:
        return (logits if self.label_space is None else logits.restricted(self.label_space)), labels

    @property
    def place_variable(self) -> str:
        """The environment variable that says where the images are."""
        return "PRUNARIUM_" + "".join(letter if letter.isalnum() else "_" for letter in self.layout.family.upper())

    def place(self) -> str:
        """Where the images are: what the variable names, or the folder of the family's name below the home."""
        return os.environ.get(self.place_variable) or str(home_folder() / "data" / self.layout.family)

    def how_to_get(self) -> str:
        """What to type to have the images."""
        return (
            f"Get them ({', '.join(self.addresses)}), then say where they are: {self.place_variable}=FOLDER. "
            f"Expected there: {self.layout.description}."
        )


class ShiftSets(Mapping[str, ImageSet]):
    """The conditions of a shift, found when they are looked at: of seventy-five only two are in memory."""

    def __init__(self, shift: PublishedShift) -> None:
        self._shift = shift

    def __getitem__(self, condition: str) -> ImageSet:
        if condition not in self._shift.conditions:
            raise KeyError(condition)
        return _checked_set(self._shift, condition, self._shift.place())

    def __iter__(self) -> Iterator[str]:
        return iter(self._shift.conditions)

    def __len__(self) -> int:
        return len(self._shift.conditions)


@lru_cache(maxsize=2)
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
    if differences := list(_differences(shift, condition, found)):
        raise ManifestError(
            f"The images of {what} at {place} are not those that were published: {'; '.join(differences)}.",
            shift.how_to_get(),
        )
    return found


def _differences(shift: PublishedShift, condition: str, found: ImageSet) -> Iterator[str]:
    if shift.n_each is not None and len(found.images) != shift.n_each:
        yield f"expected {shift.n_each:,} images, got {len(found.images):,}"
    if found.labels is not None and shift.per_class is not None:
        counts = np.bincount(found.labels, minlength=shift.classes)
        if (counts != shift.per_class).any():
            wrong = int((counts != shift.per_class).argmax())
            yield f"expected {shift.per_class} images of every class, got {counts[wrong]} of class {wrong}"
    wanted = shift.sha256.get(condition)
    if wanted is not None and (got := digest(found)) != wanted:
        yield f"expected images and labels with sha256 {wanted}, got {got}"
