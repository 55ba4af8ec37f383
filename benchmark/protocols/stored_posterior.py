"""The model as published with the posterior that its method learned: the mean answer of networks drawn from it.

Deviations of the kept weights lie beside them (:mod:`zoo.checkpoint.posterior_file`): of mean-field variational
inference, of IVON, of variational dropout, of SWAG-diagonal. Biases, norms and batch norm statistics are those of
the means; SWAG's authors measure the latter anew for every network that they draw.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.posterior_file import StoredPosterior, read_posterior
from zoo.checkpoint.weights import read_weights, weights_in
from zoo.posterior.draws import drawn_networks, own_weights_again
from zoo.prunable import prunable_parameters

from ..errors import BadModelError
from ..fitting import temperature_of
from ..inference import EVALUATION_BATCH, predict
from ..logits import Logits
from ..posterior import Predictive, predictive
from ..shifts import ShiftTask
from ..tasks import Task
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject, refuse_other_classes

if TYPE_CHECKING:
    import zoo.data


@dataclass(frozen=True)
class StoredPosteriorConfig:
    """``networks`` are drawn, the same for every image; ``batch_size`` images a forward pass."""

    networks: int = 20
    batch_size: int = EVALUATION_BATCH


@PROTOCOLS.register("stored-posterior@1")
class StoredPosteriorProtocol(Protocol):
    """Predictive entropy and mutual information under the posterior of training, on known and shifted images."""

    facts = ProtocolFacts(
        name="stored-posterior",
        version="1",
        kind="as_published",
        title="Stored posterior",
        summary=(
            "The mean of the probabilities of 20 networks drawn from the Gaussian posterior that lies beside the "
            "weights, pruned ones left at zero, then a temperature by the likelihood of the validation split. For "
            "models that ivon, bayes-by-backprop, variational-dropout or swag-diagonal made."
        ),
        seeded=True,
        new_head=False,
        trains="nothing",
        task_kinds=("upstream", "shift"),
        source="Blundell et al. 2015, Weight Uncertainty in Neural Networks (arXiv 1505.05424)",
    )
    config_type = StoredPosteriorConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits are logarithms of mean probabilities; raises :class:`BadModelError` where there is no posterior."""
        batch_size = max(1, self.config.batch_size // batch_divisor)
        posterior = _posterior_of(subject)
        answers = _Answers(subject, task, posterior, self.config.networks, seed, batch_size)
        # Those of 75 conditions fill no memory: a shift's are worked out when they are asked for.
        logits = answers if isinstance(task, ShiftTask) else dict(answers)
        fit, why = temperature_of(task, logits, lambda images: answers.predictive(images).logits)
        notes = {"posterior": posterior.kind, "method": posterior.method, "samples": posterior.samples, **why}
        return Evaluation(logits, None if fit is None else fit.usable, notes, answers.extra)


class _Answers(Mapping[str, Logits]):
    """The mean answer under each condition; ``extra`` has the expected entropy of those that were asked for."""

    def __init__(
        self, subject: Subject, task: Task, posterior: StoredPosterior, networks: int, seed: int, batch_size: int
    ) -> None:
        self._subject, self._task, self._networks, self._seed = subject, task, networks, seed
        self._batch_size, self._sets = batch_size, task.image_sets()
        self._deviations = _in_shape(subject, posterior)
        self.extra: dict[str, dict[str, Float[np.ndarray, " n"]]] = {}
        next(iter(self._sets.values()))  # raises what the first condition raises, before anything is computed

    def predictive(self, images: "zoo.data.Images", condition: str = "") -> Predictive:
        """Of all networks, each drawn, asked and forgotten."""
        model, preprocessing = self._subject.model, self._task.fed(self._subject.preprocessing, condition)
        with own_weights_again(model) as means:
            drawn = drawn_networks(model, means, self._deviations, self._networks, self._seed)
            found = predictive(predict(each, images, preprocessing, self._batch_size) for each in drawn)
        refuse_other_classes(found.logits, self._task)
        return found

    def __getitem__(self, condition: str) -> Logits:
        found = self.predictive(self._sets[condition].images, condition)
        self.extra[condition] = {"expected_entropy": found.expected_entropy}
        return found.logits

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)


def _posterior_of(subject: Subject) -> StoredPosterior:
    if subject.folder is None:
        raise BadModelError("The posterior lies in the model's folder, and this model has none.", "Use as-published.")
    try:
        return read_posterior(subject.folder, read_weights(weights_in(subject.folder)))
    except CheckpointError as error:
        raise BadModelError(error.message, error.hint) from error


def _in_shape(subject: Subject, posterior: StoredPosterior) -> dict[str, Tensor]:
    """σ in the shapes of the model's prunable tensors, 0 where weights are."""
    weights = prunable_parameters(subject.model)
    if set(weights) != set(posterior.deviations):
        raise BadModelError("The posterior is of other tensors than the model's prunable ones.", "Use as-published.")
    found = {}
    for name, weight in weights.items():
        found[name] = torch.zeros_like(weight.detach())
        found[name][weight.detach() != 0] = torch.tensor(posterior.deviations[name]).to(weight)
    return found
