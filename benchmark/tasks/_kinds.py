"""The kinds of task; shifts (:mod:`benchmark.shifts`) add one of their own."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ._manifest import ImageManifest
from ._protocol import ImageSet, Task, TaskKind


@dataclass(frozen=True, kw_only=True)
class ClassificationTask(Task, ABC):
    """One set of labelled images with a train, a validation and a test split; licence and citation are theirs."""

    data: ImageManifest

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
        return {self.data.spec: self.data.sha256}


@dataclass(frozen=True, kw_only=True)
class UpstreamTask(ClassificationTask):
    """The classes that the model was trained on: predicted as published, without any training here."""

    kind: ClassVar[TaskKind] = "upstream"

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The test split under ``""``; the validation split, on which the temperature is fitted, under its name."""
        return {"": ImageSet(*self.data.split("test")), "validation": ImageSet(*self.data.split("validation"))}


@dataclass(frozen=True, kw_only=True)
class TransferTask(ClassificationTask):
    """New classes: a protocol trains a head, or everything, on the train split and chooses on the validation split."""

    kind: ClassVar[TaskKind] = "transfer"

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The test split under ``""``; protocols take the other splits from ``data``."""
        return {"": ImageSet(*self.data.split("test"))}


@dataclass(frozen=True, kw_only=True)
class OodTask(Task):
    """Images of known classes against images of none of them: does the model's score tell them apart?"""

    kind: ClassVar[TaskKind] = "ood"
    inside: ImageManifest
    outside: ImageManifest

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

    def data_sha256(self) -> Mapping[str, str]:
        return {manifest.spec: manifest.sha256 for manifest in (self.inside, self.outside)}


@dataclass(frozen=True, kw_only=True)
class CostTask(Task):
    """What the model costs: counted from its bytes, and a measured latency.

    ``latency_batch`` images a forward pass, ``latency_repeats`` timed passes after ``latency_warm_up`` untimed ones.
    """

    kind: ClassVar[TaskKind] = "cost"
    latency_batch: int
    latency_repeats: int
    latency_warm_up: int

    def manifest(self) -> Mapping[str, Any]:
        return {
            "latency": {
                "batch": self.latency_batch,
                "repeats": self.latency_repeats,
                "warm_up": self.latency_warm_up,
                "threads": 1,
                "statistic": "median",
                "execution": "dense PyTorch forward pass in eval mode, float32, from preprocessed input to logits",
            }
        }

    def image_sets(self) -> Mapping[str, ImageSet]:
        """None: latency is measured on noise of the model's own input size."""
        return {}
