"""The descriptions beside the weights: what the network is (config.json), how it came about (prunarium.json)."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from ..core.canonical import canonical_json
from ..core.hashing import preprocessing_hash
from .errors import ConfigError
from .slug import is_slug, parse_slug
from .strict import decode

Real: TypeAlias = int | float

_HUB_ID = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}\Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

INTERPOLATIONS = ("nearest", "bilinear", "bicubic")

# Far above any image network, and low enough that a hostile description costs neither memory nor overflow.
MAX_SIDE = 8192
MAX_CLASSES = 2**16
MAX_POSITIONS = MAX_SIDE**2


@dataclass(frozen=True)
class Preprocessing:
    """From an image to the network's input, in the terms of timm's ``pretrained_cfg``.

    ``input_size`` is (channels, height, width) in pixels; ``mean`` and ``std`` are per channel of values in [0, 1];
    ``crop_fraction`` is the side of the centre crop over the side of the resized image.
    """

    input_size: tuple[int, int, int]
    mean: tuple[Real, ...]
    std: tuple[Real, ...]
    interpolation: str = "bicubic"
    crop_fraction: Real = 0.875

    def __post_init__(self) -> None:
        channels = self.input_size[0]
        if min(self.input_size) < 1 or max(self.input_size) > MAX_SIDE:
            raise ConfigError(f"preprocessing: input_size must be from 1 to {MAX_SIDE}, got {self.input_size}.")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != channels:
                raise ConfigError(f"preprocessing: expected {channels} values of {name}, got {len(values)}.")
            # 0 and 0.0 are one preprocessing and must have one hash.
            object.__setattr__(self, name, tuple(float(value) for value in values))
        if min(self.std) <= 0:
            raise ConfigError(f"preprocessing: std must be positive, got {self.std}.")
        if self.interpolation not in INTERPOLATIONS:
            raise ConfigError(
                f"preprocessing: interpolation must be one of {INTERPOLATIONS}, got {self.interpolation}."
            )
        if not 0 < self.crop_fraction <= 1:
            raise ConfigError(f"preprocessing: crop_fraction must be in (0, 1], got {self.crop_fraction}.")
        object.__setattr__(self, "crop_fraction", float(self.crop_fraction))

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        return _plain(asdict(self))

    @classmethod
    def from_dict(cls, value: Any, where: str = "preprocessing") -> "Preprocessing":
        """Strict: raises :class:`ConfigError` for unknown, missing or mistyped fields."""
        return decode(cls, value, where)

    def hash(self) -> str:
        """``p1:`` and 64 hex digits of the canonical JSON; part of a checkpoint's identity."""
        return preprocessing_hash(canonical_json(self.to_dict()))


@dataclass(frozen=True)
class ModelConfig:
    """What the network is; enough to build it and to feed it.

    ``classifier`` is the module that a new head replaces. ``positions`` counts, per prunable layer (module name), the
    output positions at ``preprocessing.input_size``, so that FLOPs follow from non-zeros: 2 · Σ nnz · positions.
    """

    architecture: str
    num_classes: int
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    classifier: str
    timm_name: str | None = None
    positions: dict[str, int] = field(default_factory=dict)
    schema: int = 1

    def __post_init__(self) -> None:
        _check_schema("config", self.schema)
        if not 1 <= self.num_classes <= MAX_CLASSES:
            raise ConfigError(f"config: num_classes must be from 1 to {MAX_CLASSES}, got {self.num_classes}.")
        if self.class_names and len(self.class_names) != self.num_classes:
            raise ConfigError(f"config: {self.num_classes} classes, but {len(self.class_names)} class names.")
        if not all(1 <= count <= MAX_POSITIONS for count in self.positions.values()):
            raise ConfigError(f"config: positions must be from 1 to {MAX_POSITIONS}.")

    def to_dict(self) -> dict[str, Any]:
        """The document ``config.json``: timm's keys, derived from the block ``prunarium``, which is the truth."""
        document: dict[str, Any] = {
            "architecture": self.timm_name or self.architecture,
            "num_classes": self.num_classes,
        }
        if self.class_names:
            document["label_names"] = list(self.class_names)
        document["pretrained_cfg"] = {
            "input_size": list(self.preprocessing.input_size),
            "interpolation": self.preprocessing.interpolation,
            "crop_pct": self.preprocessing.crop_fraction,
            "mean": list(self.preprocessing.mean),
            "std": list(self.preprocessing.std),
            "num_classes": self.num_classes,
            "classifier": self.classifier,
        }
        document["prunarium"] = _plain(asdict(self))
        return document

    @classmethod
    def from_dict(cls, value: Any, where: str = "config.json") -> "ModelConfig":
        """Strict: raises :class:`ConfigError` for unknown fields and where timm's keys contradict ours."""
        if not isinstance(value, dict) or "prunarium" not in value:
            raise ConfigError(f"{where}: no block 'prunarium'.", "Files made elsewhere must be imported first.")
        config = decode(cls, value["prunarium"], f"{where}: prunarium")
        expected = config.to_dict()
        wrong = sorted(key for key in {*expected, *value} if expected.get(key) != value.get(key))
        if wrong:
            raise ConfigError(f"{where}: {', '.join(wrong)} contradict the block 'prunarium'.")
        return config


@dataclass(frozen=True, kw_only=True)
class ForeignSource:
    """The file of somebody else that a checkpoint was imported from.

    ``sha256`` is of the whole file, ``url`` where it was fetched (None for a file that was there); ``importers`` read
    its layout, in this order, and ``changes`` lists in words what was altered on the way.
    """

    file_name: str
    sha256: str
    size_bytes: int
    importers: tuple[str, ...]
    changes: tuple[str, ...] = ()
    url: str | None = None

    def __post_init__(self) -> None:
        if not _SHA256.match(self.sha256):
            raise ConfigError(f"source: sha256 must be 64 hex digits, got {self.sha256!r}.")


@dataclass(frozen=True, kw_only=True)
class CalibrationRecord:
    """The images that a method looked at where they were not those of the training: address, hash and number."""

    data: str
    sha256: str
    images: int

    def __post_init__(self) -> None:
        if not _SHA256.match(self.sha256) or self.images < 1:
            raise ConfigError(f"calibration: expected 64 hex digits and images, got {self.sha256!r}, {self.images}.")


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """How a network of this zoo was trained.

    ``config`` holds the fields of :class:`zoo.train.TrainConfig`, ``machine`` where and how it was computed.
    ``from_scratch`` is False where it started from the dense parent's weights.
    ``calibration`` says what a method looked at instead of the training data.
    ``recipe`` names the published recipe, ``control_for`` the slug of the model that this one is a control of.
    """

    config: dict[str, Any]
    machine: dict[str, Any]
    from_scratch: bool
    recipe: str | None = None
    control_for: str | None = None
    calibration: CalibrationRecord | None = None

    def __post_init__(self) -> None:
        if self.control_for is not None and not is_slug(self.control_for):
            raise ConfigError(f"training: control_for {self.control_for!r} is no slug.")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a checkpoint was made: everything a claim rests on, and what a rerun needs.

    ``sparsity_target`` is a fraction of the prunable weights; ``parent`` is the dense model's slug or
    Hub id and ``parent_hash`` its densified hash; ``upstream_top1`` is a fraction of the upstream test split;
    ``training_flops`` counts multiply and add apart; ``licence`` is an SPDX identifier. ``data_sha256`` and ``epochs``
    are None where somebody else trained and did not say; then ``source`` is the file that was imported. ``training``
    says how it was trained here.
    """

    schema: int = 1
    slug: str
    title: str
    method: str
    family: str
    method_config: dict[str, Any] = field(default_factory=dict)
    architecture: str
    sparsity_target: Real
    pattern: str = "unstructured"
    replicate: int = 0
    parent: str | None = None
    parent_hash: str | None = None
    data: str
    data_sha256: str | None
    epochs: Real | None
    training_flops: Real | None = None
    label_smoothing: Real = 0.0
    upstream_top1: Real | None = None
    config_hash: str
    code_version: str
    licence: str | None = None
    packages: dict[str, str] = field(default_factory=dict)
    source: ForeignSource | None = None
    training: TrainingRecord | None = None

    def __post_init__(self) -> None:
        _check_schema("provenance", self.schema)
        if not is_slug(self.slug):
            raise ConfigError(f"provenance: {self.slug!r} is no slug.", "Expected method/architecture/sparsity.")
        slug = parse_slug(self.slug)
        if (slug.method, slug.architecture) != (self.method, self.architecture):
            raise ConfigError(f"provenance: slug {self.slug} is not {self.method} on {self.architecture}.")
        if not 0 <= self.sparsity_target < 1:
            raise ConfigError(f"provenance: sparsity_target must be in [0, 1), got {self.sparsity_target}.")
        if self.parent is not None and not (is_slug(self.parent) or _HUB_ID.match(self.parent)):
            raise ConfigError(f"provenance: parent {self.parent!r} is neither a slug nor a Hub id.")
        if min(self.epochs or 0, self.training_flops or 0, self.replicate) < 0:
            raise ConfigError("provenance: epochs, training_flops and replicate cannot be negative.")
        if not 0 <= self.label_smoothing < 1:
            raise ConfigError(f"provenance: label_smoothing must be in [0, 1), got {self.label_smoothing}.")
        if self.upstream_top1 is not None and not 0 <= self.upstream_top1 <= 1:
            raise ConfigError(f"provenance: upstream_top1 must be a fraction, got {self.upstream_top1}.")

    def to_dict(self) -> dict[str, Any]:
        """The document ``prunarium.json``; ``source`` stands only in imported models, ``training`` in trained ones."""
        document = _plain(asdict(self))
        for name in ("source", "training"):
            if document[name] is None:
                del document[name]
        if self.training is not None and self.training.calibration is None:
            del document["training"]["calibration"]
        return document

    @classmethod
    def from_dict(cls, value: Any, where: str = "prunarium.json") -> "Provenance":
        """Strict: raises :class:`ConfigError` for unknown, missing or mistyped fields."""
        return decode(cls, value, where)


def _check_schema(what: str, schema: int) -> None:
    if schema != 1:
        raise ConfigError(f"{what}: schema {schema}, this version reads schema 1.", "Upgrade: pip install -U prunarium")


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _listed(entry) for key, entry in values.items()}


def _listed(value: Any) -> Any:
    """Tuples as lists, so that a value equals its own JSON round trip."""
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_listed(entry) for entry in value]
    return value
