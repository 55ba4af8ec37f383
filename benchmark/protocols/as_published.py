"""The model as it was published: its own classifier, no training; one temperature where the task has a fitting set.

Guo et al. 2017 (arXiv 1706.04599): a single temperature, fitted on images that no metric is computed on, and used on
every shift of the same images as it is (Ovadia et al. 2019, arXiv 1906.02530).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..feature_scores import NEIGHBOURS, knn_scores, mahalanobis_scores
from ..fitting import temperature_of
from ..inference import EVALUATION_BATCH, extract, predict
from ..logits import Logits
from ..shifts import ShiftTask
from ..tasks import Task
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject, refuse_other_classes

if TYPE_CHECKING:
    import zoo.data


@dataclass(frozen=True)
class AsPublishedConfig:
    """``batch_size`` images a forward pass."""

    batch_size: int = EVALUATION_BATCH


@PROTOCOLS.register("as-published@1")
class AsPublished(Protocol):
    """Forward passes only."""

    facts = ProtocolFacts(
        name="as-published",
        version="1",
        kind="as_published",
        title="As published",
        summary=(
            "The checkpoint's own classifier and preprocessing, evaluation mode, no training and no augmentation. "
            "On the upstream task a temperature is fitted on the validation split; the test split is read once."
        ),
        seeded=False,
        new_head=False,
        trains="nothing",
        task_kinds=("upstream", "shift", "ood", "cost"),
        source="temperature: Guo et al. 2017 (arXiv 1706.04599)",
    )
    config_type = AsPublishedConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:  # noqa: ARG002
        """Logits of every image set; raises :class:`BadModelError` if the model predicts other classes."""
        batch_size = max(1, self.config.batch_size // batch_divisor)
        answers = _Answers(subject, task, batch_size)
        answers.look_for_images()
        logits = answers if isinstance(task, ShiftTask) else dict(answers)
        scores, notes = self._feature_scores(subject, task, batch_size)
        fit, why = temperature_of(
            task, logits, lambda images: predict(subject.model, images, subject.preprocessing, batch_size)
        )
        return Evaluation(logits, None if fit is None else fit.usable, {**notes, **why}, scores)

    def _feature_scores(
        self, subject: Subject, task: Task, batch_size: int
    ) -> tuple[Mapping[str, Mapping[str, Float[np.ndarray, " n"]]], Mapping[str, Any]]:
        """By condition and name, where the task has training images to compare with, and a note on these."""
        reference = task.reference_set()
        if reference is None:
            return {}, {}

        def features(images: "zoo.data.Images") -> Float[np.ndarray, "n d"]:
            found = extract(subject.model, subject.classifier, images, task.fed(subject.preprocessing), batch_size)
            return found.numpy()

        training = features(reference.images)
        scores: dict[str, dict[str, Float[np.ndarray, " n"]]] = {}
        for condition, images in task.image_sets().items():
            own = features(images.images)
            scores[condition] = {"mahalanobis": mahalanobis_scores(own, training, reference.labels)}
            if len(training) >= NEIGHBOURS:
                scores[condition]["knn"] = knn_scores(own, training)
        return scores, {"references": {"n": len(training), **task.reference_choice()}}


class _Answers(Mapping[str, Logits]):
    """The logits of each condition, worked out when they are asked for: those of 75 conditions fill no memory."""

    def __init__(self, subject: Subject, task: Task, batch_size: int) -> None:
        self._subject, self._task, self._batch_size = subject, task, batch_size
        self._sets = task.image_sets()

    def look_for_images(self) -> None:
        """Raise what the first condition raises, before anything is computed."""
        next(iter(self._sets.values()))

    def __getitem__(self, condition: str) -> Logits:
        model, preprocessing = self._subject.model, self._subject.preprocessing
        found = predict(model, self._sets[condition].images, self._task.fed(preprocessing, condition), self._batch_size)
        refuse_other_classes(found, self._task)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)
