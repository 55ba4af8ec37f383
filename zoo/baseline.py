"""The controls that reviewers ask for: siblings of a pruned model, trained at the same budget.

The budget is everything the model has seen: the epochs and FLOPs of its own run and, where it started from a dense
parent, those of the parent.

* ``same-mask``: its mask from scratch, for as many epochs;
* ``same-mask-flops``: the same, for as many FLOPs (more epochs, because a sparse step costs less);
* ``random-mask``: a random mask with its densities in every layer, for as many epochs;
* ``magnitude``: gradual magnitude pruning as the model was pruned: from the same parent in the same training, or
  within one training from scratch.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from .checkpoint.config import TrainingRecord
from .checkpoint.folder import ModelFolder, read_folder
from .checkpoint.patterns import UNSTRUCTURED
from .checkpoint.slug import parse_slug
from .checkpoint.strict import decode
from .checkpoint.weights import read_weights
from .controls import OfConfig, RandomMask, SameMask
from .core.errors import UsageError
from .core.hashing import densified_hash
from .data import load_data
from .errors import ParentMissingError
from .flops import forward_flops
from .masks import Masks
from .methods.gmp import GMPConfig, GradualMagnitude
from .models import load_model
from .prunable import prunable_parameters
from .recipes import Recipe
from .request import Control, Request, Running
from .train import TrainConfig

KINDS = ("same-mask", "same-mask-flops", "random-mask", "magnitude")

# When magnitude pruning from scratch removes weights: steps 40,000 to 100,000 of 128,000, every 2,000, as The State of
# Sparsity does for ResNet-50 (arXiv 1902.09574).
FROM_SCRATCH = GMPConfig(begin=0.3125, end=0.78125, updates=30)


@dataclass(frozen=True)
class _Subject:
    """The model that is compared with, and what it cost in all: ``scratch`` is how its first training went."""

    folder: ModelFolder
    parent: ModelFolder | None
    identity: str
    record: TrainingRecord
    own: TrainConfig
    scratch: TrainConfig
    epochs: float
    flops: float


def controls_for(
    model: Path,
    *,
    parents: Path | None = None,
    out: Path | None = None,
    kinds: Collection[str] = KINDS,
    overwrite: bool = False,
    running: Running | None = None,
) -> list[Request]:
    """The controls of a model folder that this zoo made, ready to be made; ``parents`` and ``out`` are beside it.

    Raises :class:`UsageError` for a model that is dense or does not say how it was trained, and
    :class:`~zoo.errors.ParentMissingError` where its dense parent is not among ``parents``.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise UsageError(f"There is no control {', '.join(unknown)}.", f"There are: {', '.join(KINDS)}.")
    subject = _subject(model, parents or model.resolve().parent)
    provenance = subject.folder.provenance
    seed = f"s{provenance.replicate}"
    variant = (parse_slug(provenance.slug).variant or "").removesuffix(seed).removesuffix("-")
    requests = []
    for kind in KINDS:
        if kind not in kinds or (kind == "magnitude" and provenance.method == "gmp"):
            continue  # the model is its own magnitude control
        budget = "equal-flops" if kind == "same-mask-flops" else "equal-epochs"
        label = "-".join(part for part in ("for", provenance.method, variant, budget) if part)
        method, recipe = _recipe(kind, subject)
        requests.append(
            Request(
                method,
                provenance.architecture,
                provenance.data,
                provenance.sparsity_target,
                provenance.replicate,
                out or model.resolve().parent,
                parent=None if subject.parent is None else subject.parent.path,
                overwrite=overwrite,
                control=Control(provenance.slug, label, subject.identity, recipe),
                running=running or Running(),
            )
        )
    return requests


def _recipe(kind: str, subject: _Subject) -> tuple[str, Recipe]:
    """The name of the method, and how it is trained."""
    slug = subject.folder.provenance.slug
    if kind == "magnitude":
        if subject.record.from_scratch:
            return "gmp", Recipe(
                subject.scratch.stretched(_whole(subject.epochs)), GradualMagnitude(FROM_SCRATCH), from_scratch=True
            )
        when = {key: value for key, value in subject.folder.provenance.method_config.items() if key in _WHEN}
        return "gmp", Recipe(subject.own, GradualMagnitude(GMPConfig(**when)))
    masks, config = _masks(subject.folder), OfConfig(slug, subject.identity)
    if kind == "random-mask":
        return kind, Recipe(subject.scratch.stretched(_whole(subject.epochs)), RandomMask(config, masks))
    epochs = subject.epochs if kind == "same-mask" else _epochs_of_equal_flops(subject, masks)
    return "same-mask", Recipe(subject.scratch.stretched(_whole(epochs)), SameMask(config, masks))


_WHEN = ("begin", "end", "updates", "initial")  # the fields of CubicConfig: prune when the model was pruned


def _subject(model: Path, parents: Path) -> _Subject:
    folder = read_folder(model)
    provenance = folder.provenance
    if provenance.method == "dense" or provenance.training is None or provenance.training_flops is None:
        what = "is dense" if provenance.method == "dense" else "does not say how it was trained"
        raise UsageError(f"{model} {what}.", "Controls are made for pruned models of: prunarium zoo prune, zoo train")
    if provenance.pattern != UNSTRUCTURED:
        raise UsageError(
            f"{model} follows the pattern {provenance.pattern}, and controls are made for models without one.",
            "Its magnitude control is: prunarium zoo prune --method magnitude --pattern ...",
        )
    parent = None if provenance.parent is None else _parent(folder, parents)
    own = decode(TrainConfig, provenance.training.config, f"{model}: training")
    epochs, flops, scratch = float(provenance.epochs or 0), float(provenance.training_flops), own
    if not provenance.training.from_scratch:
        before = None if parent is None else parent.provenance
        if before is None or before.training is None or before.epochs is None or before.training_flops is None:
            raise UsageError(
                f"The dense parent of {model} does not say how it was trained, so that there is no budget to equal.",
                "Make it with: prunarium zoo train",
            )
        scratch = decode(TrainConfig, before.training.config, f"{before.slug}: training")
        epochs, flops = epochs + before.epochs, flops + before.training_flops
    identity = densified_hash(read_weights(folder.weights))
    # A teacher is not part of what these controls ask.
    scratch = replace(scratch, seed=own.seed, distillation=0.0)
    return _Subject(folder, parent, identity, provenance.training, own, scratch, epochs, flops)


def _parent(folder: ModelFolder, parents: Path) -> ModelFolder:
    slug = folder.provenance.parent or ""
    path = parents / parse_slug(slug).repo_name
    if not path.is_dir():
        raise ParentMissingError(
            f"{parents} does not hold {slug}, the dense parent.", "Say where it is: --parents FOLDER"
        )
    parent = read_folder(path)
    if densified_hash(read_weights(parent.weights)) != folder.provenance.parent_hash:
        raise ParentMissingError(f"{path} is another network than the one that was pruned.", "Say where that one is.")
    return parent


def _masks(folder: ModelFolder) -> Masks:
    model = load_model(folder.path)
    return {name: weight.detach() != 0 for name, weight in prunable_parameters(model).items()}


def _epochs_of_equal_flops(subject: _Subject, masks: Masks) -> float:
    """Epochs whose steps with these masks cost what the model cost, at least one."""
    kept = {name: int(mask.sum()) for name, mask in masks.items()}
    images = len(load_data(subject.folder.provenance.data).splits["train"])
    batch_size = min(subject.scratch.batch_size, images)
    image = 3 * forward_flops(kept, subject.folder.config.positions)
    return max(1.0, subject.flops / (images // batch_size * batch_size * image))


def _whole(epochs: float) -> int:
    return max(1, round(epochs))
