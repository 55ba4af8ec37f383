"""What the images of a task must be, and the comparison with what was loaded."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import ManifestError
from ._protocol import LabelledSet

if TYPE_CHECKING:
    # zoo.data needs torch, and tasks are listed and written into catalogues without it.
    import zoo.data


@dataclass(frozen=True)
class SplitFacts:
    """``n`` images, ``histogram[i]`` of them of class i; None where nobody has published the histogram."""

    n: int
    histogram: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest(ABC):
    """A data set as it was when the task was frozen: what every copy of it must have, wherever it comes from."""

    class_names: tuple[str, ...]
    splits: Mapping[str, SplitFacts]
    licence: str
    citation: str

    @property
    @abstractmethod
    def spec(self) -> str:
        """What the data are called; a model that was trained on them says it in its provenance."""

    @property
    @abstractmethod
    def sha256s(self) -> Mapping[str, str]:
        """The hash of the data by what they were loaded from; provenance of every result."""

    @abstractmethod
    def load(self) -> "zoo.data.ImageData":
        """The images, once per process; raises :class:`ManifestError` that lists every difference."""

    def split(self, name: str) -> LabelledSet:
        """One split of the checked images."""
        split = self.load().splits[name]
        return LabelledSet(split.images, split.labels, split.ids)

    def trainable(self) -> LabelledSet:
        """Everything but the test images, in the order of the ids: a protocol divides it by itself."""
        from zoo.data import joined

        splits = self.load().splits
        whole = joined([splits[name] for name in ("train", "validation") if name in splits])
        return _selected(whole, sorted(range(len(whole)), key=list(whole.ids).__getitem__))

    def divided(self, name: str, fractions: Mapping[str, float]) -> dict[str, LabelledSet]:
        """Parts of one split, as :func:`zoo.data.split_by_id` cuts each class: the same on every machine."""
        from zoo.data import split_by_id

        whole = self.load().splits[name]
        return {part: _selected(whole, rows) for part, rows in split_by_id(whole.ids, whole.labels, fractions).items()}

    def drawn(self, name: str, per_class: int, seed: int) -> LabelledSet:
        """``per_class`` images of each class of one split, or all that it has, by the SHA-256 of ``seed|id``.

        No generator is involved: the same images on every machine, in whatever order a copy has them.
        """
        whole = self.load().splits[name]
        keys = [f"{seed}|{image_id}" for image_id in whole.ids]
        return _selected(whole, first_of_each_class(keys, whole.labels.tolist(), per_class))

    def to_json(self) -> dict[str, Any]:
        """JSON types, for the catalogue."""
        return {
            "spec": self.spec,
            "class_names": list(self.class_names),
            "splits": {name: _facts_to_json(facts) for name, facts in sorted(self.splits.items())},
            "licence": self.licence,
            "citation": self.citation,
        }

    def differences(self, data: "zoo.data.ImageData") -> Iterator[str]:
        """One sentence for each thing that is not as frozen; none if all is well."""
        if data.class_names != self.class_names:
            yield f"expected the classes {_shortened(self.class_names)}, got {_shortened(data.class_names)}"
        if set(data.splits) != set(self.splits):
            yield f"expected the splits {sorted(self.splits)}, got {sorted(data.splits)}"
        for name in sorted(set(self.splits) & set(data.splits)):
            split, facts = data.splits[name], self.splits[name]
            if len(split) != facts.n:
                yield f"expected {facts.n:,} images in {name}, got {len(split):,}"
            histogram = split.histogram(len(self.class_names))
            if facts.histogram is not None and histogram != facts.histogram:
                yield (
                    f"expected the label histogram {_shortened(facts.histogram)} in {name}, got {_shortened(histogram)}"
                )


@dataclass(frozen=True, kw_only=True)
class ImageManifest(Manifest):
    """Data that are on this machine: with a package, or a user's own. One source, whose hash is known.

    ``name`` is what :func:`zoo.data.load_data` understands; ``sha256`` is over the images, labels and ids.
    ``validation_fraction`` of the train split is the validation split; 0: the data have one.
    """

    name: str
    sha256: str
    validation_fraction: float = 0.0

    def __hash__(self) -> int:
        return hash((self.name, self.sha256))

    @property
    def spec(self) -> str:
        return self.name

    @property
    def sha256s(self) -> Mapping[str, str]:
        return {self.name: self.sha256}

    def to_json(self) -> dict[str, Any]:
        carved = {"validation_fraction": self.validation_fraction} if self.validation_fraction else {}
        return {**super().to_json(), "sha256": self.sha256, **carved}

    def differences(self, data: "zoo.data.ImageData") -> Iterator[str]:
        yield from super().differences(data)
        if data.sha256 != self.sha256:
            yield f"expected data with sha256 {self.sha256}, got {data.sha256}"

    def load(self) -> "zoo.data.ImageData":
        return _load_checked(self)


def refuse_differences(manifest: Manifest, data: "zoo.data.ImageData") -> None:
    """Raise :class:`ManifestError` that lists every difference, if there is one."""
    if found := list(manifest.differences(data)):
        raise ManifestError(
            f"The data {data.spec} are not those of the task: {'; '.join(found)}.",
            "Numbers from other images cannot be compared. Get the original data, or make a new version of the task.",
        )


@lru_cache(maxsize=8)
def _load_checked(manifest: ImageManifest) -> "zoo.data.ImageData":
    from zoo.data import load_data

    data = load_data(manifest.name)
    refuse_differences(manifest, data)
    return with_validation(data, manifest.validation_fraction) if manifest.validation_fraction else data


def with_validation(data: "zoo.data.ImageData", fraction: float) -> "zoo.data.ImageData":
    """The same data, with a fraction of each class's training images, by their ids, as the validation split."""
    from zoo.data import split_by_id

    everything = data.splits["train"]
    chosen = split_by_id(everything.ids, everything.labels, {"validation": fraction, "train": 1 - fraction})
    return replace(data, splits={**data.splits, **{name: everything.select(rows) for name, rows in chosen.items()}})


def first_of_each_class(keys: Sequence[str], labels: Sequence[int], count: int) -> list[int]:
    """The rows of the first ``count`` images of each class by the SHA-256 of their keys, class after class.

    >>> first_of_each_class(["a", "b", "c"], [1, 0, 1], 1)
    [1, 2]
    """
    members: dict[int, list[int]] = {}
    for row in sorted(range(len(keys)), key=lambda row: hashlib.sha256(keys[row].encode()).digest()):
        members.setdefault(labels[row], []).append(row)
    return [row for label in sorted(members) for row in members[label][:count]]


def _selected(split: "zoo.data.Split", rows: Sequence[int]) -> LabelledSet:
    part = split.select(rows)
    return LabelledSet(part.images, part.labels, part.ids)


def _facts_to_json(facts: SplitFacts) -> dict[str, Any]:
    return {"n": facts.n, "histogram": None if facts.histogram is None else list(facts.histogram)}


def _shortened(values: tuple[Any, ...]) -> str:
    """A thousand classes would hide the sentence they stand in."""
    return str(values) if len(values) <= 12 else f"({', '.join(map(repr, values[:4]))}, … {len(values)} in all)"
