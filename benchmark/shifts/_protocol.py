"""What a shift is: a task of its own, the images of a source task's test split under each of several conditions."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from ..tasks import TASKS, ImageSet, LabelledSet, Task
from ..tasks._kinds import ClassificationTask
from ..tasks._protocol import TaskKind


@dataclass(frozen=True, kw_only=True)
class ShiftTask(Task):
    """The base of every shift.

    ``source_task`` is the ``name@version`` that it shifts. ``regenerated`` says that the images were made here rather
    than published: such numbers are never compared with those of published files.
    ``metrics`` are computed on every condition, and their plain means over all of them; ``aggregates`` are metrics of
    all conditions together.
    """

    kind: ClassVar[TaskKind] = "shift"
    source_task: str
    regenerated: bool = False
    metrics: tuple[str, ...] = ("top1", "nll", "brier", "ece15")
    aggregates: tuple[str, ...] = ()

    @property
    @abstractmethod
    def conditions(self) -> tuple[str, ...]:
        """The conditions in order, such as ``gaussian_noise/3``; of a set without any, the empty one alone."""

    def fitting_set(self) -> LabelledSet | None:
        """That of the source task: the same temperature is used on every shift."""
        return TASKS[self.source_task].fitting_set() if self.source_task in TASKS else None

    @property
    def fitting_caveat(self) -> str | None:
        return TASKS[self.source_task].fitting_caveat if self.source_task in TASKS else None


@dataclass(frozen=True, kw_only=True)
class CorruptionShift(ClassificationTask, ShiftTask):
    """Corruptions of :mod:`benchmark.corruptions` at severities 1 to 5, drawn anew for each image from its id.

    ``data`` are the source task's images.
    """

    corruptions: tuple[str, ...]
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    seed: int = 0

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(f"{name}/{severity}" for name in self.corruptions for severity in self.severities)

    def manifest(self) -> Mapping[str, Any]:
        return {
            **super().manifest(),
            "source_task": self.source_task,
            "regenerated": self.regenerated,
            "corruptions": list(self.corruptions),
            "severities": list(self.severities),
            "seed": self.seed,
        }

    def image_sets(self) -> Mapping[str, ImageSet]:
        """The corrupted test split by condition, made once per process."""
        return _corrupted_sets(self)


@lru_cache(maxsize=4)
def _corrupted_sets(shift: CorruptionShift) -> Mapping[str, ImageSet]:
    from zoo.data import in_memory

    from ..corruptions import corrupt

    clean = shift.data.split("test")
    images, ids = in_memory(clean.images), tuple(clean.ids)
    return {
        f"{name}/{severity}": ImageSet(corrupt(images, ids, name, severity, shift.seed), clean.labels, clean.ids)
        for name in shift.corruptions
        for severity in shift.severities
    }
