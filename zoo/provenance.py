"""What is written beside a model that was made here: everything its claim rests on."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from .architectures import ARCHITECTURES
from .checkpoint.config import CalibrationRecord, Preprocessing, Provenance, TrainingRecord
from .checkpoint.folder import ModelFolder
from .core.versions import code_version, package_versions
from .data import CalibrationData, ImageData
from .patterns import UNSTRUCTURED, NByM, Pattern
from .recipes import Recipe
from .request import Request
from .train import Session, TrainResult

LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Origin:
    """What a model is made from: known before it is made. ``data`` has no splits where nothing is trained."""

    request: Request
    recipe: Recipe
    data: ImageData
    parent: ModelFolder | None
    parent_hash: str | None
    config_hash: str
    calibration: CalibrationData | None = None

    @property
    def num_classes(self) -> int:
        """Outputs of the network; an imported parent knows their number and not their names."""
        return len(self.data.class_names) or (0 if self.parent is None else self.parent.config.num_classes)

    @property
    def preprocessing(self) -> Preprocessing:
        """The parent's, whose weights expect it, or the architecture's."""
        if self.parent is not None and self.recipe.starts_from_parent:
            return self.parent.config.preprocessing
        return ARCHITECTURES[self.request.architecture].preprocessing

    @property
    def data_sha256(self) -> str | None:
        """Of what the network was trained on, here or by whoever made its parent."""
        if self.data.splits or self.parent is None:
            return self.data.sha256
        return self.parent.provenance.data_sha256


def provenance_of(origin: Origin, session: Session, result: TrainResult, upstream_top1: float | None) -> Provenance:
    """The provenance of a network that ``session`` has trained; ``upstream_top1``: a fraction of the test split."""
    request, recipe = origin.request, origin.recipe
    facts = recipe.method.facts
    measured = session.pruner.sparsity()
    sparsity = "" if request.method == "dense" else f", {_sparseness(request.pattern, request.target)}"
    control = "" if request.control is None else f", control of {request.control.of}"
    title = f"{facts.title}, {ARCHITECTURES[request.architecture].title}{sparsity}, seed {request.seed}{control}"
    return Provenance(
        slug=str(request.slug),
        title=title,
        method=request.method,
        family=facts.family,
        method_config=asdict(recipe.method.config),
        architecture=request.architecture,
        # Whole units meet a target nearly: then what the network has is what it claims.
        sparsity_target=request.target if request.pattern == UNSTRUCTURED else measured,
        pattern=str(request.pattern),
        replicate=request.seed,
        parent=None if origin.parent is None else origin.parent.provenance.slug,
        parent_hash=origin.parent_hash,
        data=origin.data.spec,
        data_sha256=origin.data_sha256,
        epochs=result.epochs,
        training_flops=result.flops,
        label_smoothing=recipe.train.label_smoothing,
        upstream_top1=upstream_top1,
        config_hash=origin.config_hash,
        code_version=code_version(),
        licence=LICENCE,
        packages=package_versions(("torch", "numpy", "scikit-learn", "timm")),
        training=TrainingRecord(
            config=asdict(recipe.train),
            machine=_machine(session),
            from_scratch=not recipe.starts_from_parent,
            recipe=request.recipe,
            control_for=None if request.control is None else request.control.of,
            calibration=None if origin.calibration is None else _calibrated(origin.calibration),
        ),
    )


def _sparseness(pattern: Pattern, target: float) -> str:
    if pattern == UNSTRUCTURED:
        return f"{target:.0%} sparse"
    return f"{pattern}" if isinstance(pattern, NByM) else f"{pattern}, {target:.0%} sparse"


def _calibrated(data: CalibrationData) -> CalibrationRecord:
    return CalibrationRecord(data=data.spec, sha256=data.sha256, images=len(data.split))


def _machine(session: Session) -> dict[str, Any]:
    """Where and how it was computed; no name and no time, so that the same run writes the same bytes."""
    device = session.accelerator.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {**asdict(session.execution), "device": name, "processes": session.accelerator.num_processes}
