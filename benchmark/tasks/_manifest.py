"""What the images of a task must be, and the comparison with what was loaded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ManifestError
from ._protocol import LabelledSet

if TYPE_CHECKING:
    # zoo.data needs torch, and tasks are listed and written into catalogues without it.
    import zoo.data


@dataclass(frozen=True)
class SplitFacts:
    """``n`` images, ``histogram[i]`` of them of class i."""

    n: int
    histogram: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ImageManifest:
    """One data source as it was when the task was frozen.

    ``spec`` is what :func:`zoo.data.load_data` understands; ``sha256`` is over the encoded images, labels and ids.
    """

    spec: str
    sha256: str
    class_names: tuple[str, ...]
    splits: Mapping[str, SplitFacts]
    licence: str
    citation: str

    def __hash__(self) -> int:
        return hash((self.spec, self.sha256))

    def to_json(self) -> dict[str, Any]:
        """JSON types, for the catalogue."""
        return {
            "spec": self.spec,
            "sha256": self.sha256,
            "class_names": list(self.class_names),
            "splits": {
                name: {"n": facts.n, "histogram": list(facts.histogram)} for name, facts in sorted(self.splits.items())
            },
            "licence": self.licence,
            "citation": self.citation,
        }

    def differences(self, data: "zoo.data.ImageData") -> Iterator[str]:
        """One sentence for each thing that is not as frozen; none if all is well."""
        if data.class_names != self.class_names:
            yield f"expected the classes {self.class_names}, got {data.class_names}"
        if set(data.splits) != set(self.splits):
            yield f"expected the splits {sorted(self.splits)}, got {sorted(data.splits)}"
        for name in sorted(set(self.splits) & set(data.splits)):
            labels = data.splits[name].labels
            facts = self.splits[name]
            if len(labels) != facts.n:
                yield f"expected {facts.n} images in {name}, got {len(labels)}"
            histogram = tuple(np.bincount(labels, minlength=len(facts.histogram)).tolist())
            if histogram != facts.histogram:
                yield f"expected the label histogram {facts.histogram} in {name}, got {histogram}"
        if data.sha256 != self.sha256:
            yield f"expected data with sha256 {self.sha256}, got {data.sha256}"

    def load(self) -> "zoo.data.ImageData":
        """The images, once per process; raises :class:`ManifestError` that lists every difference."""
        return _load_checked(self)

    def split(self, name: str) -> LabelledSet:
        """One split of the checked images."""
        split = self.load().splits[name]
        return LabelledSet(split.images, split.labels, split.ids)


@lru_cache(maxsize=8)
def _load_checked(manifest: ImageManifest) -> "zoo.data.ImageData":
    from zoo.data import load_data

    data = load_data(manifest.spec)
    if found := list(manifest.differences(data)):
        raise ManifestError(
            f"The data {manifest.spec} are not those of the task: {'; '.join(found)}.",
            "Numbers from other images cannot be compared. Get the original data, or make a new version of the task.",
        )
    return data
