"""The kinds of task; shifts (:mod:`benchmark.shifts`) add one of their own."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ._manifest import Manifest
from ._protocol import ImageSet, LabelledSet, Task, TaskKind


@dataclass(frozen=True, kw_only=True)
class ClassificationTask(Task, ABC):
    """One set of labelled images with a train, a validation and a test split; licence and citation are theirs."""

    data: Manifest

    @property
    def classes(self) -> int:
        return len(self.data.class_names)

    @property
    def n_test(self) -> int:
        return self.data.splits["test"].n

    @property
    def licence(self) -> str:
        return self.data.licence

    @property
    def citation(self) -> str:
        return self.data.citation

    def manifest(self) -> Mapping[str, Any]:
        return {"data": self.data.to_json()}

    def data_sha256(self) -> Mapping[str, str]:
        return self.data.sha256s


@dataclass(frozen=True, kw_only=True)
class UpstreamTask(ClassificationTask):
    """The classes that the model was trained on: predicted as published, without any training here.

    ``fitting_fraction``: where the data have no validation split, the temperature is fitted on this part of the test
    images of each class, the last by their ids (hashes of the images). Metrics that a probability enters are of the
    others; those that follow from the ranks of the classes alone (top-1) are of all, as everybody publishes them.
    """

    kind: ClassVar[TaskKind] = "upstream"
    fitting_fraction: float = 0.0

    def manifest(self) -> Mapping[str, Any]:
        held = {"fitting_fraction": self.fitting_fraction} if self.fitting_fraction else {}
        return {**super().manifest(), **held}

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The test images under ``""``, without those on which the temperature is fitted: ``validation``."""
        return {name: ImageSet(*images) for name, images in self._parts().items()}

    def fitting_set(self) -> LabelledSet | None:
        """The validation split, or the part of the test images that stands in for it."""
        return self._parts().get("validation")

    def _parts(self) -> Mapping[str, LabelledSet]:
        if self.fitting_fraction:
            return self.data.divided("test", {"": 1 - self.fitting_fraction, "validation": self.fitting_fraction})
        there = {"": "test"} | ({"validation": "validation"} if "validation" in self.data.splits else {})
        return {name: self.data.split(split) for name, split in there.items()}


@dataclass(frozen=True, kw_only=True)
class TransferTask(ClassificationTask):
    """New classes: a protocol trains a head, or everything, on the train split and chooses on the validation split."""

    kind: ClassVar[TaskKind] = "transfer"

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The test split under ``""``; protocols take the other splits from ``data``."""
        return {"": ImageSet(*self.data.split("test"))}

    def fitting_set(self) -> LabelledSet | None:
        """The validation split: for shifts of these images, on models that were published for their classes."""
        return self.data.split("validation") if "validation" in self.data.load().splits else None

    @property
    def fitting_caveat(self) -> str | None:
        return "part of the published train split: a model that was trained on all of it has seen these images"


MOST_REFERENCES = 100_000
"""Training images whose features fit in memory: 1.6 GB of 2,048 numbers each."""

REFERENCE_SEED = 0


@dataclass(frozen=True, kw_only=True)
class OodTask(Task):
    """Images of known classes against images of none of them: does the model's score tell them apart?"""

    kind: ClassVar[TaskKind] = "ood"
    inside: Manifest
    outside: Manifest

    @property
    def classes(self) -> int:
        return len(self.inside.class_names)

    @property
    def n_test(self) -> int:
        return self.inside.splits["test"].n + self.outside.splits["test"].n

    @property
    def licence(self) -> str:
        return " / ".join(sorted({self.inside.licence, self.outside.licence}))

    @property
    def citation(self) -> str:
        return "\n".join(sorted({self.inside.citation, self.outside.citation}))

    def manifest(self) -> Mapping[str, Any]:
        return {"inside": self.inside.to_json(), "outside": self.outside.to_json()}

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The test splits of both sources, under ``inside`` and ``outside``."""
        outside = self.outside.split("test")
        return {
            "inside": ImageSet(*self.inside.split("test")),
            "outside": ImageSet(outside.images, None, outside.ids),
        }

    def reference_set(self) -> LabelledSet | None:
        """The train split of the known classes; of more images than fit, as many of every class."""
        train = self.inside.splits.get("train")
        if train is None:
            return None
        choice = self.reference_choice()
        return self.inside.drawn("train", **choice) if choice else self.inside.split("train")

    def reference_choice(self) -> dict[str, int]:
        train = self.inside.splits.get("train")
        if train is None or train.n <= MOST_REFERENCES:
            return {}
        return {"per_class": MOST_REFERENCES // self.classes, "seed": REFERENCE_SEED}

    def data_sha256(self) -> Mapping[str, str]:
        return {**self.inside.sha256s, **self.outside.sha256s}


MEMORY_METHOD = "bytes of tensors alive at once in a pass of the throughput's batch; on a GPU the allocator's peak"
ENERGY_METHOD = "the device's own counter (NVML, RAPL) over all passes of the throughput, warm-up included, an image"


@dataclass(frozen=True)
class Timing:
    """``batch`` images a forward pass, ``repeats`` timed passes after ``warm_up`` untimed ones."""

    batch: int
    repeats: int
    warm_up: int


@dataclass(frozen=True, kw_only=True)
class CostTask(Task):
    """What the model costs: counted from its bytes, and a measured latency.

    With ``throughput``, the images a second in batches, their peak memory and their energy as well.
    """

    kind: ClassVar[TaskKind] = "cost"
    latency: Timing
    throughput: Timing | None = None

    def manifest(self) -> Mapping[str, Any]:
        execution = "dense PyTorch forward pass in eval mode, float32, from preprocessed input to logits"
        method = {"threads": 1, "statistic": "median", "execution": execution}
        document: dict[str, Any] = {"latency": {**asdict(self.latency), **method}}
        if self.throughput is not None:
            document["throughput"] = {**asdict(self.throughput), **method}
            document["peak_memory"] = MEMORY_METHOD
            document["energy"] = ENERGY_METHOD
        return document

    def image_sets(self) -> Mapping[str, ImageSet]:
        """None: latency is measured on noise of the model's own input size."""
        return {}
