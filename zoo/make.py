"""Make one model of the zoo: from a request to a model folder, or nothing to do because it is there."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .architectures import ARCHITECTURES
from .checkpoint.config import ModelConfig
from .checkpoint.folder import ModelFolder, read_folder, write_folder
from .checkpoint.posterior_file import Deviations
from .checkpoint.torch_io import load_into, tensors_of
from .checkpoint.weights import read_weights
from .core.canonical import config_hash, non_default_fields
from .core.data_names import data_name
from .core.errors import PrunariumError, UsageError
from .core.hashing import densified_hash
from .data import CalibrationData, ImageData, Split, load_calibration, load_data
from .errors import DataMismatchError, FolderTakenError
from .flops import positions
from .models import build, load_model
from .patterns import UNSTRUCTURED, NByM, Pattern
from .provenance import Origin, provenance_of
from .recipes import Recipe
from .request import Request
from .second_order.samples import calibration_batches
from .train import (
    STATE,
    Journal,
    Session,
    Share,
    TrainConfig,
    TrainingBatches,
    TrainResult,
    evaluate,
    make_accelerator,
    run,
    stream_seed,
    training_batches,
)

SCHEMA = "prunarium model 1"
WORKSPACE = "runs/eliminations"  # below the folder of the models: what serves several of them

Report = Callable[[Session], None]


@dataclass(frozen=True)
class Made:
    """A model folder that is there now; ``upstream_top1`` is a fraction of the test split, None if it does not say."""

    request: Request
    path: Path
    upstream_top1: float | None
    reused: bool
    seconds: float


def make_model(request: Request, report: Report | None = None) -> Made:
    """Train, prune and write the model, unless its folder holds the same request's model already.

    A run that was interrupted goes on where its state was saved. ``report`` is called after every step. Raises
    :class:`FolderTakenError` when the folder holds a model made otherwise and ``overwrite`` is not set.
    """
    started = time.perf_counter()
    origin = _origin(request, request.resolve())
    existing = _existing(request, origin.config_hash)
    made = _make(request, origin, report) if existing is None else existing
    top1, reused = made.provenance.upstream_top1, existing is not None
    return Made(request, request.path, top1, reused, time.perf_counter() - started)


def _origin(request: Request, recipe: Recipe) -> Origin:
    data = None if request.data is None else load_data(request.data)
    if request.parent is None and (recipe.starts_from_parent or recipe.train.distillation > 0):
        raise UsageError(
            f"{recipe.method.facts.title} starts from a dense parent, and none was given.",
            f"Make one: prunarium zoo train --architecture {request.architecture} --data {request.data}",
        )
    if request.permute and not recipe.starts_from_parent:
        raise UsageError(f"{recipe.method.facts.title} starts from scratch: there are no trained channels to reorder.")
    parent = None if request.parent is None else _parent(request.parent, request)
    parent_hash = None if parent is None else densified_hash(read_weights(parent.weights))
    data = _data_of(parent, recipe) if data is None else data
    calibration = (
        None if request.calibration is None else load_calibration(request.calibration, request.calibration_images)
    )
    if calibration is not None:
        _refuse_other_classes(calibration, data, parent, recipe)
    identity = _config_hash(request, recipe, data, parent_hash, calibration)
    return Origin(request, recipe, data, parent, parent_hash, identity, calibration)


def _data_of(parent: ModelFolder | None, recipe: Recipe) -> ImageData:
    """What the parent was trained on, as far as its folder knows: no images."""
    if parent is None or not recipe.starts_from_parent:
        raise UsageError(
            f"{recipe.method.facts.title} trains from scratch, which calibration images are not enough for.",
            "Give the training data: --data DATA",
        )
    return ImageData("", parent.provenance.data, parent.config.class_names, {}, parent.provenance.licence or "", "")


def _refuse_other_classes(
    calibration: CalibrationData, data: ImageData, parent: ModelFolder | None, recipe: Recipe
) -> None:
    facts = recipe.method.facts
    names = data.class_names or (() if parent is None else parent.config.class_names)
    count = len(names) or (0 if parent is None else parent.config.num_classes)
    if not (facts.needs_calibration and facts.needs_labels):
        return
    if len(calibration.class_names) != count or (names and names != calibration.class_names):
        raise DataMismatchError(
            f"{facts.title} looks at the loss on labelled images, and {calibration.spec} has other classes than the "
            f"network: {_listed(calibration.class_names, len(calibration.class_names))}, not {_listed(names, count)}.",
            "Take images of the network's own classes, or a method that looks at activations alone: "
            "sparsegpt, wanda or exact-obs.",
        )


def _listed(names: tuple[str, ...], count: int) -> str:
    return f"{count} ({', '.join(names[:3])}, ...)" if names else f"{count}"


def _make(request: Request, origin: Origin, report: Report | None) -> ModelFolder:
    data, recipe, running, preprocessing = origin.data, origin.recipe, request.running, origin.preprocessing
    accelerator = make_accelerator(recipe.train.precision, running.execution)
    # A control starts anew: from the model's own first weights it would be a lottery ticket.
    start = request.seed if request.control is None else stream_seed(request.seed, "control")
    model = build(request.architecture, origin.num_classes, start)
    if origin.parent is not None and recipe.starts_from_parent:
        load_into(model, origin.parent.weights)
        if isinstance(request.pattern, NByM) and request.permute:
            _permute(model, request.pattern, preprocessing.input_size)
    validation = data.splits.get("validation") if running.validate else None
    share = Share(accelerator.process_index, accelerator.num_processes)

    def batches(split: Split, config: TrainConfig) -> TrainingBatches:
        return training_batches(split, preprocessing, config, share, running.workers)

    shown = None
    if origin.calibration is not None:
        shown = batches(origin.calibration.split, replace(recipe.train, augment=False))
    train = shown if shown is not None and request.data is None else batches(data.splits["train"], recipe.train)
    session = Session(
        model,
        train,
        recipe.train,
        input_size=preprocessing.input_size,
        method=recipe.method,
        target=request.target,
        pattern=request.pattern,
        calibration=shown,
        workspace=request.out / WORKSPACE,
        execution=running.execution,
        accelerator=accelerator,
        teacher=load_model(origin.parent.path) if origin.parent is not None and recipe.train.distillation else None,
        log_steps=running.log_steps,
        validate=None if validation is None else lambda: evaluate(model, validation, preprocessing).top1,
    )
    result = run(session, _journal(request, origin, session, report))
    if accelerator.is_main_process:
        _write(request, origin, model, session, result)
        for state in (*request.journal.glob(STATE), *request.journal.glob(f".{STATE}.*")):  # and what a kill cut off
            state.unlink()
    accelerator.wait_for_everyone()
    return read_folder(request.path)


def _journal(request: Request, origin: Origin, session: Session, report: Report | None) -> Journal:
    running = request.running
    where = {**asdict(running.execution), "processes": session.accelerator.num_processes}
    return Journal(
        request.journal,
        key=config_hash("prunarium run 1", {"model": origin.config_hash, **where}),
        save_seconds=running.save_seconds,
        tensorboard=running.tensorboard,
        replace_other=request.overwrite,
        report=report,
    )


def _write(request: Request, origin: Origin, model: nn.Module, session: Session, result: TrainResult) -> None:
    entry, data = ARCHITECTURES[request.architecture], origin.data
    cut = _shrink(session) if request.shrink else 0
    config = ModelConfig(
        architecture=entry.name,
        num_classes=origin.num_classes,
        class_names=data.class_names,
        preprocessing=origin.preprocessing,
        classifier=entry.classifier,
        timm_name=None if cut else entry.timm_name,  # timm builds no network of other widths than its own
        positions=positions(model, origin.preprocessing.input_size),
    )
    test = data.splits.get("test")
    top1 = None if test is None else evaluate(model, test, origin.preprocessing).top1
    provenance = provenance_of(origin, session, result, top1)
    write_folder(request.path, tensors_of(model), config, provenance, _deviations(session, shrunk=cut > 0))


def _deviations(session: Session, *, shrunk: bool) -> Deviations | None:
    """Of methods that learn a distribution."""
    pruner = session.pruner
    found = pruner.method.posterior(pruner)
    if found is None:
        return None
    left = {
        name: _left_of(deviation, pruner.masks[name]) if shrunk else deviation
        for name, deviation in found.deviations.items()
    }
    return Deviations(found.kind, found.samples, {name: each.cpu().numpy() for name, each in left.items()})


def _left_of(values: Tensor, mask: Tensor) -> Tensor:
    """What is left of a tensor (out, in, ...) when the channels that a mask removes are cut out."""
    return values[mask.flatten(1).any(dim=1)][:, mask.transpose(0, 1).flatten(1).any(dim=1)]


def _config_hash(
    request: Request, recipe: Recipe, data: ImageData, parent_hash: str | None, calibration: CalibrationData | None
) -> str:
    control = {} if request.control is None else {"control": request.control.identity}
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
            **({} if calibration is None else {"calibration": calibration.sha256}),
            **({} if request.pattern == UNSTRUCTURED else {"pattern": _pattern_fields(request.pattern)}),
            **({"shrink": True} if request.shrink else {}),
            **({"permute": True} if request.permute else {}),
            **control,
            **({"from_scratch": True} if recipe.from_scratch else {}),
        },
    )


def _permute(model: nn.Module, pattern: NByM, input_size: tuple[int, int, int]) -> None:
    """Reorder the channels of a dense network, in place."""
    from .permutation import permute

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        permute(model, pattern, torch.randn(1, *input_size))


def _shrink(session: Session) -> int:
    from .shrinking import shrink
    from .structures.channel import ChannelStructure

    pruner = session.pruner
    images, _ = next(calibration_batches(pruner.calibration))
    structure = pruner.structure
    return shrink(pruner.model, structure, pruner.masks, images) if isinstance(structure, ChannelStructure) else 0


def _pattern_fields(pattern: Pattern) -> dict[str, Any]:
    return {"name": str(pattern), **non_default_fields(pattern)}


def _parent(path: Path, request: Request) -> ModelFolder:
    folder = read_folder(path)
    found = (folder.provenance.method, folder.config.architecture, folder.provenance.data)
    if request.data is None and found[:2] == ("dense", request.architecture):
        return folder
    if (*found[:2], data_name(found[2])) != ("dense", request.architecture, data_name(request.data or "")):
        data = request.data or found[2]
        raise UsageError(
            f"{path} is {found[0]} on {found[1]}, trained on {found[2]}; "
            f"the parent must be dense on {request.architecture}, trained on {data}.",
            f"Make one: prunarium zoo train --architecture {request.architecture} --data {data} --out FOLDER",
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
