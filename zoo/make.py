"""Make one model of the zoo: from a request to a model folder, or nothing to do because it is there."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from .architectures import ARCHITECTURES
from .checkpoint.config import ModelConfig, Provenance
from .checkpoint.folder import ModelFolder, read_folder, write_folder
from .checkpoint.slug import Slug
from .checkpoint.torch_io import load_into, tensors_of
from .checkpoint.weights import read_weights
from .core.canonical import config_hash, non_default_fields
from .core.errors import PrunariumError, UsageError
from .core.hashing import densified_hash
from .core.versions import code_version, package_versions
from .data import ImageData, load_data
from .errors import FolderTakenError
from .flops import positions
from .methods import METHODS
from .models import build
from .recipes import Recipe, load_recipe
from .train import TrainResult, evaluate, train

SCHEMA = "prunarium model 1"
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Request:
    """One model to make. ``target`` is a sparsity in hundredths; ``parent`` the folder of the dense model or None."""

    method: str
    architecture: str
    data: str
    target: float
    seed: int
    out: Path
    parent: Path | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.target < 1.0 or round(self.target, 2) != self.target:
            raise UsageError(
                f"A sparsity is a fraction from 0 to 0.99 in hundredths, got {self.target}.",
                "0.90 removes nine weights of ten.",
            )
        if (self.method == "dense") != (self.target == 0.0):
            raise UsageError(f"Sparsity {self.target} does not go with the method {self.method!r}.", "Dense means 0.")
        if (self.parent is None) != (self.method == "dense"):
            raise UsageError("A pruned model needs a dense parent, and a dense model has none.")

    @property
    def slug(self) -> Slug:
        """Where the model stands in the catalogue."""
        return Slug(self.method, self.architecture, f"{self.target:.2f}", f"s{self.seed}")

    @property
    def path(self) -> Path:
        """The model's folder."""
        return self.out / self.slug.repo_name


@dataclass(frozen=True)
class Made:
    """A model folder that is there now; ``upstream_top1`` is a fraction of the test split, None if it does not say."""

    request: Request
    path: Path
    upstream_top1: float | None
    reused: bool
    seconds: float


def make_model(request: Request) -> Made:
    """Train, prune and write the model, unless its folder holds the same request's model already.

    Raises :class:`FolderTakenError` when the folder holds a model made otherwise and ``overwrite`` is not set.
    """
    started = time.perf_counter()
    data = load_data(request.data)
    recipe = load_recipe(
        request.architecture,
        request.method,
        seed=request.seed,
        epochs=request.epochs,
        learning_rate=request.learning_rate,
    )
    parent = None if request.parent is None else _parent(request.parent, request)
    parent_hash = None if parent is None else densified_hash(read_weights(parent.weights))
    wanted = _config_hash(request, recipe, data, parent_hash)
    existing = _existing(request, wanted)
    if existing is None:
        existing = _make(request, recipe, data, parent, parent_hash, wanted)
        reused = False
    else:
        reused = True
    return Made(request, request.path, existing.provenance.upstream_top1, reused, time.perf_counter() - started)


def _make(
    request: Request, recipe: Recipe, data: ImageData, parent: ModelFolder | None, parent_hash: str | None, wanted: str
) -> ModelFolder:
    entry = ARCHITECTURES[request.architecture]
    model = build(request.architecture, len(data.class_names), request.seed)
    if parent is not None and recipe.method.facts.starts_from == "dense parent":
        load_into(model, parent.weights)
    result = train(
        model,
        data.splits["train"],
        recipe.train,
        preprocessing=entry.preprocessing,
        method=recipe.method,
        target=request.target,
    )
    config = ModelConfig(
        architecture=entry.name,
        num_classes=len(data.class_names),
        class_names=data.class_names,
        preprocessing=entry.preprocessing,
        classifier=entry.classifier,
        timm_name=entry.timm_name,
        positions=positions(model, entry.preprocessing.input_size),
    )
    provenance = _provenance(request, recipe, data, model, result, parent, parent_hash, wanted)
    return write_folder(request.path, tensors_of(model), config, provenance)


def _provenance(
    request: Request,
    recipe: Recipe,
    data: ImageData,
    model: nn.Module,
    result: TrainResult,
    parent: ModelFolder | None,
    parent_hash: str | None,
    wanted: str,
) -> Provenance:
    entry, facts = ARCHITECTURES[request.architecture], METHODS[request.method].facts
    sparsity = "" if request.method == "dense" else f", {request.target:.0%} sparse"
    return Provenance(
        slug=str(request.slug),
        title=f"{facts.title}, {entry.title}{sparsity}, seed {request.seed}",
        method=request.method,
        family=facts.family,
        method_config=asdict(recipe.method.config),
        architecture=entry.name,
        sparsity_target=request.target,
        replicate=request.seed,
        parent=None if parent is None else parent.provenance.slug,
        parent_hash=parent_hash,
        data=data.spec,
        data_sha256=data.sha256,
        epochs=len(result.history),
        training_flops=result.flops,
        label_smoothing=recipe.train.label_smoothing,
        upstream_top1=evaluate(model, data.splits["test"], entry.preprocessing).top1,
        config_hash=wanted,
        code_version=code_version(),
        licence=LICENCE,
        packages=package_versions(("torch", "numpy", "scikit-learn", "timm")),
    )


def _config_hash(request: Request, recipe: Recipe, data: ImageData, parent_hash: str | None) -> str:
    return config_hash(
        SCHEMA,
        {
            "method": request.method,
            "method_config": non_default_fields(recipe.method.config),
            "train": non_default_fields(recipe.train),
            "architecture": request.architecture,
            "data": data.sha256,
            "target": request.target,
            "parent": parent_hash,
        },
    )


def _parent(path: Path, request: Request) -> ModelFolder:
    folder = read_folder(path)
    found = (folder.provenance.method, folder.config.architecture, folder.provenance.data)
    if found != ("dense", request.architecture, request.data):
        raise UsageError(
            f"{path} is {found[0]} on {found[1]}, trained on {found[2]}; "
            f"the parent must be dense on {request.architecture}, trained on {request.data}."
        )
    return folder


def _existing(request: Request, wanted: str) -> ModelFolder | None:
    """The folder that is there if it is whole and holds what was asked for; None to make it."""
    if not request.path.exists() or request.overwrite:
        return None
    try:
        folder = read_folder(request.path)
        read_weights(folder.weights)
    except PrunariumError as error:
        raise FolderTakenError(
            f"{request.path} is there and cannot be read: {error.message}", "Remove it, or add --overwrite."
        ) from error
    if folder.provenance.config_hash != wanted:
        raise FolderTakenError(
            f"{request.path} holds a model that was made with other settings.",
            "Choose another folder with --out, or add --overwrite.",
        )
    return folder
