"""The check that every model passes before it is published or evaluated: the same code for author, form and worker.

Untrusted data, trusted code: nothing of the folder is ever executed, the header of the weights is judged before their
bytes, and the architecture is built from the zoo without memory for weights.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine

from zoo.checkpoint.compare import differences
from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.errors import CheckpointError, ConfigError, TensorFileError
from zoo.checkpoint.folder import CONFIG, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.passport import Passport, count_non_finite, measure_tensors
from zoo.checkpoint.precision import dtype_problems
from zoo.checkpoint.safetensors_file import read_header, read_tensors
from zoo.checkpoint.sparse import is_sparse, read_sparse
from zoo.checkpoint.strict import read_json
from zoo.core.hashing import RawTensor

from .claims import check_claims
from .declarations import Declared
from .declared_check import check_declared
from .reasons import Reason, in_order
from .sources import LocalSource, Source

if TYPE_CHECKING:
    import torch

    from zoo.checkpoint.torch_io import TensorSpec

PICKLE_SUFFIXES = frozenset({".bin", ".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})

_NAMES_SHOWN = 5


class Described(Protocol):
    """A tensor as a header tells of it."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> str:
        """In the spelling of safetensors."""
        ...

    @property
    def shape(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class CheckReport:
    """The outcome; ``passport`` is None where the weights could not be read."""

    reasons: tuple[Reason, ...]
    passport: Passport | None

    @property
    def ok(self) -> bool:
        """Whether there is no reason against the model."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """Stable field names: ok, reasons, passport."""
        return {
            "ok": self.ok,
            "reasons": [reason.to_json() for reason in self.reasons],
            "passport": None if self.passport is None else self.passport.to_json(),
        }


def check(
    folder: Path, *, engine: Engine | None = None, source: Source | None = None, declared: Declared | None = None
) -> CheckReport:
    """Every reason against a model folder, in the order of :data:`~registry.reasons.REASONS`.

    With the ``engine`` of a catalogue, or another ``source``, the dense parent must be there too, with the weights
    that are named. ``declared`` is what stands beside the files. Raises
    :class:`~zoo.checkpoint.errors.CheckpointError` only where there is no such folder.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: there is no such model folder.")
    reasons = list(_pickles(folder))
    config = _read(folder / CONFIG, ModelConfig, "preprocessing_missing", reasons)
    provenance = _read(folder / PROVENANCE, Provenance, "bad_description", reasons)
    tensors = _weights(folder, reasons)
    passport = None if tensors is None else measure_tensors(tensors, config)
    cut = 0
    if tensors is not None:
        reasons += _non_finite(tensors)
        if config is not None:
            expected, cut = _expected({tensor.name: tensor.shape for tensor in tensors}, config)
            reasons += _against_architecture(tensors, config, expected, narrowed=cut > 0)
    if tensors is not None and passport is not None and provenance is not None:
        reasons += check_claims(folder, tensors, passport, provenance, cut)
    if provenance is not None:
        known = LocalSource(engine) if engine is not None else source
        reasons += check_declared(folder, provenance, declared or Declared(), known)
    return CheckReport(in_order(reasons), passport)


def check_header(folder: Path, tensors: Sequence[Described], declared: Declared, source: Source | None) -> CheckReport:
    """What can be said before a single weight is there: of the descriptions in ``folder``, and of a file's header."""
    reasons: list[Reason] = []
    config = _read(folder / CONFIG, ModelConfig, "preprocessing_missing", reasons)
    provenance = _read(folder / PROVENANCE, Provenance, "bad_description", reasons)
    if config is not None and tensors:
        expected, cut = _expected({tensor.name: tensor.shape for tensor in tensors}, config)
        reasons += _against_architecture(tensors, config, expected, narrowed=cut > 0)
    if provenance is not None:
        reasons += check_declared(folder, provenance, declared, source)
    return CheckReport(in_order(reasons), None)


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle by its name, its first bytes, or as a zip archive that holds one (torch.save)."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        return True
    if path.suffix == ".safetensors":  # judged by its own reader; the length of its header may look like a pickle
        return False
    with path.open("rb") as file:
        start = file.read(2)
    if len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5:
        return True
    if start != b"PK" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(".pkl") for name in archive.namelist())


def _pickles(folder: Path) -> Iterator[Reason]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and is_pickle(path):
            yield Reason("pickle_present", str(path.relative_to(folder)))


def _read(path: Path, kind: type[Any], missing: str, reasons: list[Reason]) -> Any:
    if not path.is_file():
        reasons.append(Reason(missing, f"{path.name} is missing"))
        return None
    try:
        return kind.from_dict(read_json(path), path.name)
    except ConfigError as error:
        reasons.append(Reason("bad_description", error.message))
        return None


def _weights(folder: Path, reasons: list[Reason]) -> list[RawTensor] | None:
    """The tensors of whichever weights files there are, which must be one model."""
    names = [name for name in (WEIGHTS, SPARSE_WEIGHTS) if (folder / name).is_file()]
    if not names:
        reasons.append(Reason("bad_safetensors", f"there is neither {WEIGHTS} nor {SPARSE_WEIGHTS}"))
        return None
    files = [_tensors(folder / name, reasons) for name in names]
    dense, sparse = files[0], files[-1]
    if dense is None or sparse is None:
        return None
    differ = differences(dense, sparse) if len(files) > 1 else []
    if differ:
        reasons.append(Reason("files_differ", "; ".join(map(str, differ))))
    return dense


def _tensors(path: Path, reasons: list[Reason]) -> list[RawTensor] | None:
    try:
        if not is_sparse(read_header(path).metadata):
            return read_tensors(path)
        # Whoever reads model.safetensors with other tools must find the tensors of the architecture.
        if path.name == WEIGHTS:
            raise TensorFileError(f"{path}: this is the sparse format, whose file is {SPARSE_WEIGHTS}.")
        return read_sparse(path, verify=True)
    except TensorFileError as error:
        reasons.append(Reason("bad_safetensors", error.message.replace(str(path), path.name)))
        return None


def _non_finite(tensors: Sequence[RawTensor]) -> Iterator[Reason]:
    counts = {tensor.name: count_non_finite(tensor) for tensor in tensors}
    found = [f"{name} ({count:,})" for name, count in counts.items() if count]
    if found:
        yield Reason("non_finite", _shown(found))


def _against_architecture(
    tensors: Sequence[Described], config: ModelConfig, expected: Mapping[str, "TensorSpec"], *, narrowed: bool
) -> Iterator[Reason]:
    from zoo.architectures import ARCHITECTURES

    if config.architecture not in ARCHITECTURES:
        yield Reason("unknown_architecture", config.architecture)
        return
    entry = ARCHITECTURES[config.architecture]
    found = {tensor.name: tensor for tensor in tensors}
    stated = (config.classifier, config.timm_name, config.preprocessing.input_size[0])
    timm_name = None if narrowed else entry.timm_name  # timm builds no network of other widths than its own
    known = (entry.classifier, timm_name, entry.preprocessing.input_size[0])
    for what, got, wanted in zip(("classifier", "timm_name", "input channels"), stated, known, strict=True):
        if got != wanted:
            yield Reason("bad_description", f"{CONFIG}: {what} is {got!r:.100}, {entry.name} has {wanted!r}")
    missing, surplus = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or surplus:
        parts = [f"{word} {_shown(names)}" for word, names in (("missing", missing), ("surplus", surplus)) if names]
        yield Reason("name_mismatch", "; ".join(parts))
    pairs = [(name, found[name].shape, expected[name].shape) for name in sorted(expected.keys() & found.keys())]
    shapes = [pair for pair in pairs if pair[1] != pair[2]]
    stored = {tensor.name: tensor.dtype for tensor in tensors}
    dtypes = dtype_problems(stored, {name: spec.dtype for name, spec in expected.items()})
    for code, wrong in (("shape_mismatch", shapes), ("dtype", dtypes)):
        if wrong:
            yield Reason(code, _shown(f"{name} is {got}, not {needed}" for name, got, needed in wrong))


@lru_cache(maxsize=64)
def expected_tensors(architecture: str, num_classes: int) -> Mapping[str, "TensorSpec"]:
    """What the architecture's file must hold, by name; needs torch, but no memory for weights."""
    import torch

    from zoo.checkpoint.torch_io import specs_of
    from zoo.models import build

    # The meta device has shapes and dtypes but no memory, so that a large architecture costs nothing.
    with torch.device("meta"):
        return {spec.name: spec for spec in specs_of(build(architecture, num_classes))}


def _expected(shapes: Mapping[str, tuple[int, ...]], config: ModelConfig) -> tuple[Mapping[str, "TensorSpec"], int]:
    """What the file must hold, and how many prunable weights were cut out with channels: the file's shapes tell."""
    import torch

    from zoo.architectures import ARCHITECTURES
    from zoo.checkpoint.errors import TensorMismatchError
    from zoo.checkpoint.torch_io import specs_of
    from zoo.models import build
    from zoo.narrowing import narrow

    if config.architecture not in ARCHITECTURES:
        return {}, 0
    whole = expected_tensors(config.architecture, config.num_classes)
    head = f"{config.classifier}.weight"
    if whole.keys() != shapes.keys() or all(spec.shape == shapes[name] for name, spec in whole.items()):
        return whole, 0
    if head not in shapes or shapes[head][:1] != (config.num_classes,):  # classes are no channels to cut out
        return whole, 0
    with torch.device("meta"):
        model = build(config.architecture, config.num_classes)
    before = _prunable_weights(model)
    try:
        narrow(model, shapes, config.preprocessing.input_size)
    except TensorMismatchError:  # then the shapes are wrong, one by one
        return whole, 0
    return {spec.name: spec for spec in specs_of(model)}, before - _prunable_weights(model)


def _prunable_weights(model: "torch.nn.Module") -> int:
    from zoo.prunable import prunable_parameters

    return sum(weight.numel() for weight in prunable_parameters(model).values())


def _shown(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
