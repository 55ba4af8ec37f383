"""One foreign file becomes one model folder."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ..architectures import ARCHITECTURES, Architecture
from ..checkpoint.config import ForeignSource, ModelConfig, Preprocessing, Provenance
from ..checkpoint.folder import ModelFolder, write_folder
from ..checkpoint.licence import is_licence
from ..checkpoint.passport import Passport, measure_tensors
from ..checkpoint.slug import Slug, parse_slug
from ..checkpoint.torch_io import tensors_of
from ..core.canonical import config_hash
from ..core.errors import UsageError
from ..core.files import sha256_of_file
from ..core.hashing import RawTensor
from ..core.versions import code_version, package_versions
from ..errors import FolderTakenError, ForeignFileError
from ..flops import positions
from ..models import build
from . import IMPORTERS
from ._bundle import INDEX, data_files
from ._fetching import fetch, is_address
from ._fitting import NARROWED, classes_of, fit
from ._layout import State
from ._pretrained import Pretrained, pretrained
from ._reading import read_document
from ._unwrapping import state_of

SCHEMA = "prunarium import 1"
PLAIN = "plain"
_SHOWN = 6
_TOLERANCE = 0.005  # what a slug may differ from the measured sparsity
_UNNAMED = "imported"
_CHANCE = 0.001  # weights that are zero in networks that nobody pruned: drawn so, or decayed


@dataclass(frozen=True)
class ImportRequest:
    """What to import and what to call it.

    ``source`` is a path or an https address, ``layout`` a name of :data:`zoo.importers.IMPORTERS` (None: found out),
    ``key`` the entry of the file that holds the weights, ``weights`` what timm or torchvision call them
    (:mod:`zoo.importers._pretrained`), ``sha256`` what the file must hash to. Without a ``slug`` one is made of the
    measured sparsity and the file's hash; a network with one zero in a thousand weights or fewer is dense.
    """

    source: str
    architecture: str
    out: Path
    layout: str | None = None
    key: str | None = None
    weights: str | None = None
    slug: str | None = None
    title: str | None = None
    licence: str | None = None
    data: str = "ImageNet-1k"
    parent: str | None = None
    sha256: str | None = None
    image_size: int | None = None
    crop_fraction: float | None = None
    interpolation: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Imported:
    """A model folder that is there now, its measure, and where its weights came from."""

    folder: ModelFolder
    passport: Passport
    source: ForeignSource


def import_checkpoint(request: ImportRequest) -> Imported:
    """Read, convert, measure and write; the measured sparsity becomes the folder's claim.

    Raises :class:`~zoo.core.errors.UsageError` for a licence that is none, :class:`~zoo.errors.ForeignFileError`,
    :class:`~zoo.checkpoint.errors.TensorMismatchError` with every tensor that is missing, surplus or misshapen, and
    :class:`~zoo.errors.FolderTakenError`.
    """
    entry = ARCHITECTURES[request.architecture]
    if request.licence is not None and not is_licence(request.licence):
        raise UsageError(
            f"--licence takes an SPDX identifier, not {request.licence!r}.",
            "Choose one of https://spdx.org/licenses, or write LicenseRef-NAME for terms of their own.",
        )
    with tempfile.TemporaryDirectory() as folder:
        address = request.source if is_address(request.source) else None
        path = Path(request.source) if address is None else fetch(address, Path(folder))
        origin = _origin(path, address, request)
        document = read_document(path)
        beside = data_files(path) if path.name.endswith(INDEX) else []
    known = _known(pretrained(origin, request.weights), entry)
    preprocessing = _preprocessing(request, known.preprocessing if known else entry.preprocessing)
    state, told = state_of(document, request.key)
    state, layouts = converted(state, request.layout)
    _refuse_other_graphs(layouts, entry)
    classes = classes_of(state, entry.classifier)
    module = build(entry.name, classes)
    told += fit(module, state, entry.classifier, preprocessing.input_size)
    told += [f"tensors from {data.name}, SHA-256 {sha256_of_file(data)}" for data in beside]
    origin = replace(origin, importers=layouts or (PLAIN,), changes=tuple(told))
    config = ModelConfig(
        architecture=entry.name,
        num_classes=classes,
        class_names=(),
        preprocessing=preprocessing,
        classifier=entry.classifier,
        # timm builds no network of other widths than its own.
        timm_name=None if any(line.startswith(NARROWED) for line in told) else entry.timm_name,
        positions=positions(module, preprocessing.input_size),
    )
    return _written(request, entry, config, tensors_of(module), origin, known)


def _known(facts: Pretrained | None, entry: Architecture) -> Pretrained | None:
    if facts is not None and facts.timm_name != entry.timm_name:
        raise UsageError(
            f"{facts.name} are weights of {facts.timm_name}, but --architecture is {entry.name}.",
            f"Add --architecture {facts.timm_name}.",
        )
    return facts


def _origin(path: Path, address: str | None, request: ImportRequest) -> ForeignSource:
    if path.is_dir():
        files = ", ".join(sorted(child.name for child in path.iterdir() if child.is_file())[:_SHOWN])
        raise UsageError(f"{path} is a folder.", f"Name the file in it{': ' + files if files else ''}.")
    if not path.is_file():
        index = path.with_name(f"{path.name}{INDEX}")
        raise UsageError(
            f"There is no file {path}.",
            f"Give the index: {index}" if index.is_file() else "Name a checkpoint, or its https address.",
        )
    digest = sha256_of_file(path)
    if request.sha256 is not None and request.sha256.lower() != digest:
        raise ForeignFileError(
            f"{request.source} hashes to {digest}, not to {request.sha256}.", "It is not the file that was meant."
        )
    return ForeignSource(
        file_name=path.name, sha256=digest, size_bytes=path.stat().st_size, importers=(PLAIN,), url=address
    )


def converted(state: State, layout: str | None = None) -> tuple[State, tuple[str, ...]]:
    """The tensors of the plain architecture, and the layouts that were found, one inside the other.

    With ``layout`` that one must be there. Raises :class:`~zoo.core.errors.UsageError` where it is not.
    """
    if layout is not None and not IMPORTERS[layout].marks(state):
        known = [name for name, importer in IMPORTERS.items() if name != PLAIN and importer.marks(state)]
        raise UsageError(
            f"The file has no marks of {layout}.", f"It has those of {known[0]}." if known else "Leave --from out."
        )
    found: list[str] = []
    while layout != PLAIN:
        name = next((name for name, one in IMPORTERS.items() if name not in (PLAIN, *found) and one.marks(state)), None)
        if name is None:
            break
        state = IMPORTERS[name].convert(state)
        found.append(name)
    return state, tuple(found)


def _refuse_other_graphs(layouts: tuple[str, ...], entry: Architecture) -> None:
    for layout in layouts:
        meant = IMPORTERS[layout].architectures
        if meant and entry.name not in meant:
            raise UsageError(
                f"A file of {IMPORTERS[layout].title} means another network than {entry.name}, even where the tensors "
                "are alike: it would compute something else.",
                f"Choose --architecture {' or '.join(meant)}.",
            )


def _preprocessing(request: ImportRequest, usual: Preprocessing) -> Preprocessing:
    channels, height, width = usual.input_size
    return replace(
        usual,
        input_size=(channels, request.image_size or height, request.image_size or width),
        crop_fraction=usual.crop_fraction if request.crop_fraction is None else request.crop_fraction,
        interpolation=request.interpolation or usual.interpolation,
        mean=request.mean or usual.mean,
        std=request.std or usual.std,
    )


def _written(
    request: ImportRequest,
    entry: Architecture,
    config: ModelConfig,
    tensors: list[RawTensor],
    origin: ForeignSource,
    known: Pretrained | None,
) -> Imported:
    passport = measure_tensors(tensors, config)
    provenance = _provenance(request, entry, passport, origin, known)
    path = request.out / parse_slug(provenance.slug).repo_name
    if path.exists() and not request.overwrite:
        raise FolderTakenError(f"{path} is there already.", "Choose another --out or --slug, or add --overwrite.")
    return Imported(write_folder(path, tensors, config, provenance), passport, origin)


def _provenance(
    request: ImportRequest, entry: Architecture, passport: Passport, origin: ForeignSource, known: Pretrained | None
) -> Provenance:
    measured = passport.sparsity()
    slug = _slug(request, entry, measured, known.variant if known else origin.sha256[:8])
    name = known.name if known else origin.file_name
    return Provenance(
        slug=str(slug),
        title=request.title or f"{slug.method}, {entry.title}, {measured:.1%} sparse, imported from {name}",
        method=slug.method,
        family=_family(slug.method),
        architecture=entry.name,
        sparsity_target=0.0 if slug.method == "dense" else measured,
        parent=request.parent,
        data=request.data,
        data_sha256=None,
        epochs=None,
        config_hash=config_hash(SCHEMA, {"file": origin.sha256, "importers": origin.importers}),
        code_version=code_version(),
        upstream_top1=known.top1 if known else None,
        licence=request.licence or (known.licence if known else None),
        packages=package_versions(("torch", "numpy", "timm")),
        source=origin,
    )


def _slug(request: ImportRequest, entry: Architecture, measured: float, variant: str) -> Slug:
    if request.slug is None:
        method = _UNNAMED if measured > _CHANCE else "dense"
        return Slug(method, entry.name, f"{min(measured, 0.99):.2f}", variant)
    slug = parse_slug(request.slug)
    if slug.architecture != entry.name:
        raise UsageError(f"The slug {slug} names {slug.architecture}, but --architecture is {entry.name}.")
    if "of" not in slug.sparsity and abs(float(slug.sparsity) - measured) > _TOLERANCE:
        raise UsageError(
            f"The slug says {slug.sparsity}, but {measured:.4f} of the prunable weights are zero.",
            f"Name it by what it is: --slug {slug.method}/{slug.architecture}/{min(measured, 0.99):.2f}",
        )
    return slug


def _family(method: str) -> str:
    from ..methods import METHODS

    if method in METHODS:
        return METHODS[method].facts.family
    return "dense" if method == "dense" else "of its author"
