"""The model as published with its uncertainty over weights: the mean answer of networks drawn around it.

The posterior is the diagonal Laplace approximation of :mod:`zoo.posterior.diagonal_laplace` at the published weights,
over those that are not pruned. Weights have no posterior without a prior, and the best one is not known: its precision
is chosen on the images that the temperature is fitted on (Daxberger et al. 2021, arXiv 2106.14806, section 3.4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from zoo.data import image_batches
from zoo.posterior.diagonal_laplace import fisher_diagonal, posterior_deviation
from zoo.posterior.draws import drawn_networks, own_weights_again
from zoo.prunable import prunable_parameters
from zoo.second_order.gradients import gradient_stream

from ..errors import BadModelError
from ..inference import predict
from ..logits import Logits
from ..posterior import Predictive, predictive
from ..tasks import LabelledSet, Task, UpstreamTask
from ..temperature import fit_temperature
from . import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject, refuse_other_classes

if TYPE_CHECKING:
    import zoo.data


@dataclass(frozen=True)
class DiagonalLaplaceConfig:
    """``networks`` are drawn; curvature is measured on at most ``curvature_images`` training images, as many of each
    class; ``prior_precisions`` are tried from weak to strong."""

    networks: int = 20
    curvature_images: int = 10_000
    prior_precisions: tuple[float, ...] = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
    batch_size: int = 512


@PROTOCOLS.register("diagonal-laplace@1")
class DiagonalLaplace(Protocol):
    """The one protocol whose predictions have a mutual information of prediction and weights."""

    facts = ProtocolFacts(
        name="diagonal-laplace",
        version="1",
        kind="as_published",
        title="Diagonal Laplace",
        summary=(
            "The mean of the probabilities of 20 networks drawn from a diagonal Laplace posterior around the published "
            "weights, pruned ones left at zero; curvature from the train split, the prior's precision and then a "
            "temperature by the likelihood of the validation split."
        ),
        seeded=True,
        new_head=False,
        trains="nothing",
        task_kinds=("upstream",),
        source="Daxberger et al. 2021, Laplace Redux (arXiv 2106.14806)",
    )
    config_type = DiagonalLaplaceConfig

    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Logits are logarithms of mean probabilities; raises :class:`BadModelError` for other classes."""
        upstream, batch_size = cast("UpstreamTask", task), max(1, self.config.batch_size // batch_divisor)
        size, fitting = upstream.data.splits["train"].n, upstream.fitting_set()
        if fitting is None:
            raise BadModelError(f"{task.id} has no images to choose a prior on.", "Use as-published.")
        published = predict(subject.model, fitting.images, subject.preprocessing, batch_size)
        refuse_other_classes(published, task)
        curvature = self._curvature_set(upstream)
        diagonal = fisher_diagonal(_gradients(subject, curvature, batch_size))
        with own_weights_again(subject.model) as means:

            def answers(images: "zoo.data.Images", precision: float) -> Predictive:
                deviations = {name: posterior_deviation(values, size, precision) for name, values in diagonal.items()}
                networks = drawn_networks(subject.model, means, deviations, self.config.networks, seed)
                return predictive(predict(net, images, subject.preprocessing, batch_size) for net in networks)

            tried = {each: answers(fitting.images, each) for each in self.config.prior_precisions}
            losses = {each: _nll(found.logits, fitting.labels) for each, found in tried.items()}
            best = min(losses, key=losses.__getitem__)
            found = {name: answers(images.images, best) for name, images in task.image_sets().items()}
        fit = fit_temperature(tried[best].logits, fitting.labels)
        return Evaluation(
            {name: answer.logits for name, answer in found.items()},
            fit.usable,
            {
                "prior_precision": best,
                "validation_nll": list(losses.values()),
                "validation_nll_published": _nll(published, fitting.labels),
                "curvature_images": len(curvature.labels),
                "temperature": asdict(fit),
            },
            {name: {"expected_entropy": answer.expected_entropy} for name, answer in found.items()},
        )

    def _curvature_set(self, task: UpstreamTask) -> LabelledSet:
        if task.data.splits["train"].n <= self.config.curvature_images:
            return task.data.split("train")
        return task.data.drawn("train", max(1, self.config.curvature_images // task.classes), seed=0)


def _gradients(subject: Subject, images: LabelledSet, batch_size: int) -> Iterator[Mapping[str, Tensor]]:
    labels, start = torch.tensor(images.labels), 0
    for batch in image_batches(images.images, subject.preprocessing, batch_size):
        yield from gradient_stream(
            subject.model, prunable_parameters(subject.model), batch, labels[start : start + len(batch)]
        )
        start += len(batch)


def _nll(logits: Logits, labels: Int[np.ndarray, " n"]) -> float:
    return float(-logits.log_softmax()[np.arange(len(labels)), labels].mean())
