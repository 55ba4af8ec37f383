"""What a protocol is: declared facts, a frozen configuration, and one method that turns a model into logits.

The order of things in a job (:mod:`benchmark.run_job`)::

    subject = the checkpoint, loaded with its own classifier or, if facts.new_head, with a fresh one
    zeros   = which prunable weights are zero            # measured by the job, not by the protocol
    evaluation = protocol.run(subject, task, seed, batch_divisor)
    a zero of before that is no zero now fails the job with ``sparsity_lost``

A protocol never sees the ids of the images and never computes a metric: it returns logits, which are stored first.
``kind`` decides which board a result may appear on: ``linear`` is everything that leaves the network frozen, ``full``
trains it. They are two boards, never one score, and a suite has one protocol of each kind at most.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import nn

from zoo.checkpoint.config import Preprocessing
from zoo.core.canonical import config_hash

from ..errors import BadModelError
from ..logits import Logits
from ..tasks import Task

SubjectKind = Literal["as_published", "linear", "full"]


@dataclass(frozen=True)
class ProtocolFacts:
    """What the catalogue and the plan know of a protocol.

    ``seeded``: it draws random numbers, so that several seeds are several runs. ``new_head``: the checkpoint is loaded
    with a fresh classifier for the task's classes. ``trains``: what it changes ("nothing", "a new head", "all weights
    that are not pruned"). ``task_kinds``: what it can be applied to. ``features``: it reads nothing
    of the network but the features of the task's images, by :func:`benchmark.features.features_of`.
    """

    name: str
    version: str
    kind: SubjectKind
    title: str
    summary: str
    seeded: bool
    new_head: bool
    trains: str
    task_kinds: tuple[str, ...]
    source: str
    features: bool = False

    @property
    def id(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class Subject(NamedTuple):
    """The model under test, in evaluation mode, and what it needs to be fed.

    ``classifier`` names the module whose input are the features. ``checkpoint`` is (densified hash, architecture) of
    what was loaded, under which features are kept; None keeps none. ``folder`` is where the model was read, for
    protocols that need more of it than its weights; None for a model that lies in none.
    """

    model: nn.Module
    classifier: str
    preprocessing: Preprocessing
    checkpoint: tuple[str, str] | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Evaluation:
    """Logits by condition (the keys of ``task.image_sets()``), in the order of those images.

    ``temperature`` was fitted on the task's fitting set, or is None. ``extra`` has columns of predictions beside those
    of logits, by condition and name, in the order of the images. ``notes`` (JSON types) say what was chosen on the way:
    a penalty, a learning rate, the training curve; they become provenance. ``preprocessing`` is how the images were fed
    where it is not as the checkpoint says. ``documents`` (JSON types, by name) are too long for every result: they are
    stored once, and the provenance holds their address.
    """

    logits: Mapping[str, Logits]
    temperature: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Mapping[str, Float[np.ndarray, " n"]]] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None
    documents: Mapping[str, Any] = field(default_factory=dict)


class Protocol(ABC):
    """The base of every protocol. ``config`` is a frozen dataclass whose defaults are the protocol's version."""

    facts: ClassVar[ProtocolFacts]
    config_type: ClassVar[type[Any]]

    def __init__(self, config: Any | None = None) -> None:
        self.config = self.config_type() if config is None else config

    @abstractmethod
    def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:
        """Evaluate; ``subject.model`` is left in the state that made the logits.

        Batches are cut into ``batch_divisor`` pieces, which may change results by rounding only.
        """

    def config_hash(self) -> str:
        """64 hex digits over the whole configuration; provenance of every result."""
        return config_hash(self.facts.id, asdict(self.config))


def refuse_other_classes(logits: Logits, task: Task) -> None:
    """Raise :class:`BadModelError` where a model as published predicts other classes than the task's."""
    if logits.values.shape[1] != task.model_classes:
        raise BadModelError(
            f"{task.id} has {task.model_classes} classes, the checkpoint predicts {logits.values.shape[1]}.",
            "As published, a model is measured on its own classes; use linear or full for others.",
        )
