"""From a name to verified files.

Each file must hash to what the hub and the catalogue named it by (:mod:`registry.fetch`), and the weights must give the
densified hash of the catalogue, or else of the passport in the same commit (:mod:`registry.verify`).
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Engine

from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PICTURE, PROVENANCE, REPORT
from zoo.checkpoint.weights import SPARSE_WEIGHTS, WEIGHTS, weights_in
from zoo.core.errors import UsageError
from zoo.core.files import atomic_folder

from .download import Progress
from .errors import NotOnHubError
from .fetch import Fetcher
from .resolve import resolve
from .settings import load_settings
from .sources import LocalSource, Source, choose_source
from .verify import hash_of_weights, verify_identity

if TYPE_CHECKING:
    from torch import nn

_WEIGHTS = (SPARSE_WEIGHTS, WEIGHTS)  # the small one first
_DESCRIPTIONS = (CONFIG, PROVENANCE, PASSPORT, CARD, REPORT, PICTURE)


@dataclass(frozen=True)
class Pulled:
    """Where the files are and what they were checked against.

    ``weights`` is the file that was verified, ``held`` are all weight files of the commit. ``verified_by`` says whose
    densified hash the weights gave: the catalogue's, the passport's in the same commit, or nobody's (``hub``: only the
    file's own hash is known). ``from_cache`` is true where no file had to be fetched; ``repaired`` are files that were
    damaged in the cache and fetched again.
    """

    path: Path
    repo_id: str
    commit: str
    weights: str
    held: tuple[str, ...]
    densified_hash: str
    verified_by: Literal["catalogue", "passport", "hub"]
    from_cache: bool
    repaired: tuple[str, ...] = ()


def pull(
    target: str,
    *,
    engine: Engine | None = None,
    source: Source | None = None,
    endpoint: str | None = None,
    token: str | None = None,
    out: Path | None = None,
    cache: Path | None = None,
    dense: bool = False,
    progress: Progress = lambda _done, _more: None,
) -> Pulled:
    """Fetch and verify the model of a slug, a Hub id or an address; with ``@revision`` that revision of it.

    One weights file is fetched: the sparse one where there is one, with ``dense`` the dense one, which is made of the
    sparse one without a download where that is here and gives the hub's very bytes.

    ``source`` is the catalogue that knows slugs and promises hashes; ``engine`` means a catalogue of one's own. Without
    either, the catalogue, hub and token of the environment are used. The files lie in the hub client's own cache, and
    with ``out`` also in a plain folder, which appears whole or not at all. A pinned model that was pulled before needs
    no connection. Raises :class:`~registry.errors.CorruptDownloadError` where the bytes are wrong, and what
    :func:`registry.resolve.resolve` raises.
    """
    if engine is not None:
        source = LocalSource(engine)
    elif source is None:
        settings = load_settings()
        source, endpoint = choose_source(settings), endpoint or settings.hub_endpoint
        token = token or settings.hub_token
    pin = resolve(target, source=source, endpoint=endpoint, token=token)
    fetcher = Fetcher(pin, cache, progress)
    held = tuple(name for name in _WEIGHTS if fetcher.holds(name))
    wanted = WEIGHTS if dense or not held else held[0]
    if not fetcher.holds(wanted):
        raise NotOnHubError(
            f"{pin.repo_id}@{pin.commit} on {pin.endpoint} has no {wanted}.",
            "A model has safetensors weights; pickles are never read."
            if not held
            else f"It has {held[0]}: leave --dense out, or unpack it: prunarium unpack",
        )
    if out is not None:
        out = out.resolve()  # a link stays, what it leads to is replaced
        _refuse_foreign_folder(out)
    files = _get(fetcher, wanted, alone=out is not None)
    verdict = verify_identity(pin, files)
    path = files[wanted].parent
    if out is not None:
        path = _copy(files, out, verdict.densified_hash)
    return Pulled(
        path=path,
        repo_id=pin.repo_id,
        commit=pin.commit,
        weights=wanted,
        held=held,
        densified_hash=verdict.densified_hash,
        verified_by=verdict.by,
        from_cache=not fetcher.fetched,
        repaired=tuple(fetcher.repaired),
    )


def _get(fetcher: Fetcher, weights: str, *, alone: bool) -> dict[str, Path]:
    """The verified files. ``alone``: without the other weights file, which may be in the cache from another time."""
    files = {}
    if weights == WEIGHTS and (unpacked := fetcher.unpack()) is not None:
        files[WEIGHTS] = unpacked
    names = [name for name in (weights, *_DESCRIPTIONS) if fetcher.holds(name) and name not in files]
    if not alone:  # whoever reads the folder may read either
        names += [name for name in _WEIGHTS if name != weights and fetcher.cached(name)]
    fetcher.expect(names)
    return files | {name: fetcher.get(name) for name in names}


def _copy(files: Mapping[str, Path], out: Path, identity: str) -> Path:
    _refuse_other_model(out, identity)
    with atomic_folder(out) as temporary:
        for name, file in files.items():
            shutil.copyfile(file, temporary / name)
    return out


def load(target: str, num_classes: int | None = None, revision: str | None = None) -> "nn.Module":
    """Pull a model, or take the folder of one that is here, and build it, in evaluation mode; needs the extra ``zoo``.

    Training keeps every zero of the weights, with any optimizer of torch and without further calls; let go of them
    with ``prunarium.release_sparsity``. With ``num_classes`` the model gets a new classifier, which alone is free.
    Raises as :func:`pull`, :class:`~zoo.checkpoint.errors.TensorMismatchError` for missing and surplus tensors, and
    :class:`~zoo.core.errors.UsageError` for a number of classes below 1 or for two revisions.
    """
    from zoo.models import load_model

    here = Path(target)
    if here.is_file():
        raise UsageError(
            f"{target} is a file; a model is a folder with config.json beside its weights.",
            "Name the folder, or make one of the file: prunarium import FILE --architecture NAME",
        )
    if here.is_dir() and revision is None:
        return load_model(here, num_classes, hold=True)
    if revision is not None and "@" in target:
        raise UsageError(f"{target} names a revision already.", "Leave out revision=... or what follows the @.")
    pulled = pull(target if revision is None else f"{target}@{revision}")
    return load_model(pulled.path, num_classes, hold=True)


def _refuse_foreign_folder(out: Path) -> None:
    """``out`` is replaced as a whole, so it may hold nothing but a model."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file.", "Choose a new folder.")
    if Path.cwd().is_relative_to(out):
        raise UsageError(f"{out} is where you are.", "Choose a new folder: this one would be replaced under your feet.")
    names = {path.name for path in out.iterdir()}
    if names and (names.isdisjoint(_WEIGHTS) or not names <= {*_WEIGHTS, *_DESCRIPTIONS}):
        raise UsageError(
            f"{out} exists and holds more than a model.", "Choose a new folder: everything in it would be replaced."
        )


def _refuse_other_model(out: Path, identity: str) -> None:
    """Weights that are replaced must be the same ones: another model may be somebody's only copy."""
    try:
        same = not out.exists() or hash_of_weights(weights_in(out)) == identity
    except CheckpointError:
        same = True  # no model that anybody could read
    if not same:
        raise UsageError(f"{out} holds another model.", "Choose a new folder, or delete that one first.")
