"""One checkpoint trained on a user's images, by either protocol; what is saved on the way goes on where it stood."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from zoo.checkpoint.folder import ModelFolder
from zoo.controls import OfConfig, SameMask
from zoo.core.canonical import config_hash
from zoo.core.console import say
from zoo.core.errors import UsageError
from zoo.masks import Masks, sparsity_of
from zoo.models import load_model
from zoo.prunable import prunable_parameters
from zoo.train import WHOLE, Execution, Journal, Session, TrainConfig, evaluate, run, training_batches

from .. import probe
from ..inference import EVALUATION_BATCH, extract
from ..sparsity import check_kept, fraction, zeros_of
from .splitting import OwnImages

Point = Mapping[str, float | None]
PROTOCOLS = ("linear", "full")
PENALTIES = (1.0, 0.316, 0.1, 0.0316, 0.01, 0.00316, 0.001, 0.000316, 0.0001)
_SAVE_SECONDS = 60.0


@dataclass(frozen=True)
class Recipe:
    """``protocol`` "linear": a logistic regression on the frozen network's features, solved, its penalty chosen on the
    validation images. "full": every weight that is not pruned, by SGD with a cosine; the other fields are its own.

    ``augment``: random crops and mirror images. Raises :class:`UsageError` for another protocol.
    """

    protocol: str
    seed: int = 0
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 0.01
    augment: bool = True

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UsageError(f"--protocol is {' or '.join(PROTOCOLS)}, got {self.protocol!r}.")
        self.training()

    def training(self) -> TrainConfig:
        """Of the full protocol: the transfer study's momentum and decay (arXiv 2111.13445), a cosine for its steps."""
        return TrainConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            momentum=0.9,
            nesterov=False,
            weight_decay=5e-4,
            seed=self.seed,
            augment=self.augment,
        )

    def document(self) -> dict[str, Any]:
        """What was asked for, as JSON types; settings that a protocol does not read are left out."""
        return {"protocol": self.protocol, "seed": self.seed} if self.protocol == "linear" else asdict(self)


@dataclass(frozen=True)
class Trained:
    """The network with its new classifier, in evaluation mode, and what it learnt on the way.

    ``curve`` has one row for each epoch, or for each penalty that was tried; ``notes`` are JSON types. ``before`` and
    ``after`` are the shares of zeros among the prunable weights without the classifier, which is new.
    """

    model: nn.Module
    curve: Sequence[Point]
    notes: Mapping[str, Any]
    before: float
    after: float


def train_on(source: ModelFolder, images: OwnImages, recipe: Recipe, folder: Path, device: str) -> Trained:
    """Train the checkpoint of ``source``; ``folder`` keeps the state of a run under way.

    Raises :class:`~benchmark.errors.SparsityLostError` where a pruned weight comes back to life.
    """
    model = load_model(source.path, len(images.class_names), recipe.seed)
    classifier = source.config.classifier
    before = zeros_of(model, without=classifier)
    if recipe.protocol == "linear":
        curve, notes = _solve_head(model, source, images)
    else:
        curve, notes = _train_all(model, source, images, recipe, folder, device)
    after = zeros_of(model, without=classifier)
    check_kept(before, after)
    return Trained(model.eval(), curve, notes, fraction(before), fraction(after))


def _solve_head(model: nn.Module, source: ModelFolder, images: OwnImages) -> tuple[list[Point], dict[str, Any]]:
    preprocessing, classifier = source.config.preprocessing, source.config.classifier
    features, labels = {}, {}
    for name in ("train", "validation"):
        split = images.splits[name]
        features[name] = extract(model, classifier, split.images, preprocessing, EVALUATION_BATCH)
        labels[name] = torch.tensor(split.labels)
    classes = len(images.class_names)
    scaler = probe.standardiser(features["train"])
    train, validation = scaler.apply(features["train"]), scaler.apply(features["validation"])
    heads = list(probe.path(train, labels["train"], classes, PENALTIES))
    losses = [float(probe.objective(head, validation, labels["validation"], penalty=0.0)) for head in heads]
    best = min(range(len(losses)), key=losses.__getitem__)

    both = torch.cat([features["train"], features["validation"]])
    scaler = probe.standardiser(both)
    all_labels = torch.cat([labels["train"], labels["validation"]])
    head = probe.fit(scaler.apply(both), all_labels, classes, PENALTIES[best], heads[best])
    _put_head(model.get_submodule(classifier), head.weight / scaler.scale, head.bias, scaler.mean)
    curve: list[Point] = [
        {
            "penalty": penalty,
            "validation_nll": loss,
            "train_nll": float(probe.objective(one, train, labels["train"], 0.0)),
        }
        for penalty, loss, one in zip(PENALTIES, losses, heads, strict=True)
    ]
    return curve, {"penalty": PENALTIES[best], "validation_nll": losses[best]}


@torch.no_grad()
def _put_head(layer: nn.Module, weight: torch.Tensor, bias: torch.Tensor, mean: torch.Tensor) -> None:
    """W (x − m) / s + b is (W / s) x + (b − (W / s) m)."""
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        raise UsageError(f"The classifier is a {type(layer).__name__}, not a linear layer.", "Use --protocol full.")
    layer.weight.copy_(weight)
    layer.bias.copy_(bias - weight @ mean)


def _train_all(
    model: nn.Module, source: ModelFolder, images: OwnImages, recipe: Recipe, folder: Path, device: str
) -> tuple[list[Point], dict[str, Any]]:
    config, preprocessing = recipe.training(), source.config.preprocessing
    masks = _masks(model, source.config.classifier)
    method = SameMask(OfConfig(source.provenance.slug, source.provenance.config_hash), masks)
    session = Session(
        model,
        training_batches(images.splits["train"], preprocessing, config, WHOLE),
        config,
        input_size=preprocessing.input_size,
        method=method,
        target=sparsity_of(masks),
        execution=Execution(device=device),
        validate=lambda: evaluate(model, images.splits["validation"], preprocessing).top1,
    )
    key = config_hash("own images 1", {"of": source.provenance.slug, "images": images.sha256, **recipe.document()})
    result = run(session, Journal(folder, key, save_seconds=_SAVE_SECONDS, report=_reporter(source, session)))
    curve: list[Point] = [
        {
            "epoch": row.epoch,
            "train_loss": row.loss,
            "validation_top1": row.validation_top1,
            "learning_rate": row.learning_rate,
            "sparsity": row.sparsity,
        }
        for row in result.history
    ]
    model.to("cpu")
    return curve, {"epochs": result.epochs, "steps": result.steps, "training_flops": result.flops}


def _masks(model: nn.Module, classifier: str) -> Masks:
    """What is not zero is trained, and so is all of the classifier, which is new."""
    return {
        name: torch.ones_like(weight, dtype=torch.bool) if name == f"{classifier}.weight" else weight.detach() != 0
        for name, weight in prunable_parameters(model).items()
    }


def _reporter(source: ModelFolder, session: Session) -> Callable[[Session], None]:
    """A line after each epoch: an own data set may train for hours."""
    told = len(session.rows)

    def report(running: Session) -> None:
        nonlocal told
        for row in running.rows[told:]:
            accuracy = "" if row.validation_top1 is None else f", validation {row.validation_top1:.1%}"
            say(f"{source.provenance.slug}: epoch {row.epoch:.0f} of {running.epochs}, loss {row.loss:.3f}{accuracy}")
        told = len(running.rows)

    return report
