"""The model as it was published: its own classifier, no training; one temperature where the task has a validation set.

Guo et al. 2017 (arXiv 1706.04599): a single temperature, fitted on images that no metric is computed on.
"""

from dataclasses import asdict, dataclass

from ..errors import BadModelError
from ..inference import EVALUATION_BATCH, predict
from ..tasks import Task, UpstreamTask
from ..temperature import fit_temperature
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject


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
        logits = {
            condition: predict(subject.model, images.images, subject.preprocessing, batch_size)
            for condition, images in task.image_sets().items()
        }
        for found in logits.values():
            if found.values.shape[1] != task.classes:
                raise BadModelError(
                    f"{task.id} has {task.classes} classes, the checkpoint predicts {found.values.shape[1]}.",
                    "As published, a model is measured on its own classes; use linear or full for others.",
                )
        if not isinstance(task, UpstreamTask) or "validation" not in logits:
            return Evaluation(logits)
        fit = fit_temperature(logits["validation"], task.data.split("validation").labels)
        return Evaluation(logits, fit.usable, {"temperature": asdict(fit)})
