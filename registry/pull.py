"""From a name to verified files.

Each file must hash to what the hub named it by (:mod:`registry.fetch`), and the weights must give the densified hash
of the catalogue, or else of the passport in the same commit.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Engine

from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, WEIGHTS
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.checkpoint.strict import read_json
from zoo.core.errors import UsageError
from zoo.core.files import atomic_folder
from zoo.core.hashing import densified_hash

from .db.schema import open_catalogue
from .errors import CorruptDownloadError
from .fetch import Fetcher
from .resolve import Pin, resolve
from .settings import load_settings
from .sources import LocalSource

if TYPE_CHECKING:
    from torch import nn

_OPTIONAL = (CONFIG, PROVENANCE, PASSPORT, CARD)


@dataclass(frozen=True)
class Pulled:
    """Where the files are and what they were checked against.

    ``verified_by`` says whose densified hash the weights gave: the catalogue's, the passport's in the same commit, or
    nobody's (``hub``: only the file's own hash is known). ``from_cache`` is true where nothing was fetched.
    """

    path: Path
    repo_id: str
    commit: str
    densified_hash: str
    verified_by: Literal["catalogue", "passport", "hub"]
    from_cache: bool


def pull(
    target: str,
    *,
    engine: Engine | None = None,
    endpoint: str | None = None,
    token: str | None = None,
    out: Path | None = None,
    cache: Path | None = None,
) -> Pulled:
    """Fetch and verify the model of a slug, a Hub id or an address; with ``@revision`` that revision of it.

    Without an ``engine`` the catalogue, hub and token of the environment are used. The files lie in the hub client's
    own cache, and with ``out`` also in a plain folder, which appears whole or not at all. A pinned model that was
    pulled before needs no connection. Raises :class:`~registry.errors.CorruptDownloadError` where the bytes are wrong
    twice, and what :func:`registry.resolve.resolve` raises.
    """
    if engine is None:
        settings = load_settings()
        engine, endpoint = open_catalogue(settings), endpoint or settings.hub_endpoint
        token = token or settings.hub_token
    _refuse_foreign_folder(out)
    pin = resolve(target, source=LocalSource(engine), endpoint=endpoint, token=token)
    fetcher = Fetcher(pin, cache)
    found_files = {name: fetcher.get(name) for name in (WEIGHTS, *_OPTIONAL)}
    files = {name: path for name, path in found_files.items() if path is not None}
    found, verified_by = _verify_identity(pin, files)
    path = files[WEIGHTS].parent
    if out is not None:
        with atomic_folder(out) as temporary:
            for name, file in files.items():
                shutil.copyfile(file, temporary / name)
        path = out
    return Pulled(path, pin.repo_id, pin.commit, found, verified_by, not fetcher.fetched)


def load(target: str, num_classes: int | None = None, revision: str | None = None) -> "nn.Module":
    """Pull a model and build it, in evaluation mode; needs the extra ``zoo`` (torch).

    With ``num_classes`` it gets a new classifier. To keep its sparsity in training, give it and its optimizer to
    ``prunarium.keep_sparse``. Raises as :func:`pull`, and :class:`~zoo.checkpoint.errors.TensorMismatchError`.
    """
    from zoo.models import load_model

    pulled = pull(f"{target}@{revision}" if revision else target)
    return load_model(pulled.path, num_classes)


def _verify_identity(pin: Pin, files: dict[str, Path]) -> tuple[str, Literal["catalogue", "passport", "hub"]]:
    found = densified_hash(read_tensors(files[WEIGHTS]))
    if pin.checkpoint is not None:
        promised = (pin.checkpoint.densified_hash, pin.checkpoint.architecture, pin.checkpoint.preprocessing_hash)
        _compare(pin, "the catalogue", promised, found, files)
        return found, "catalogue"
    if PASSPORT in files:
        passport = Passport.from_json(read_json(files[PASSPORT]), PASSPORT)
        promised = (passport.densified_hash, passport.architecture or "", passport.preprocessing_hash or "")
        _compare(pin, "its passport", promised, found, files)
        return found, "passport"
    return found, "hub"


def _compare(pin: Pin, who: str, promised: tuple[str, str, str], found: str, files: dict[str, Path]) -> None:
    if CONFIG not in files:
        raise CorruptDownloadError(f"{pin.repo_id}@{pin.commit} is not the model that {who} promises: no {CONFIG}.")
    config = ModelConfig.from_dict(read_json(files[CONFIG]), CONFIG)
    actual = (found, config.architecture, config.preprocessing.hash())
    for what, promise, fact in zip(("densified hash", "architecture", "preprocessing"), promised, actual, strict=True):
        if promise != fact:
            raise CorruptDownloadError(
                f"{pin.repo_id}@{pin.commit} is not the model that {who} promises: {what} {promise}, got {fact}.",
                "Do not use it; tell its publisher.",
            )


def _refuse_foreign_folder(out: Path | None) -> None:
    """``out`` is replaced as a whole, so it may hold nothing but what an earlier pull wrote there."""
    if out is None or not out.exists():
        return
    names = {path.name for path in out.iterdir()} if out.is_dir() else {out.name}
    if names and not {WEIGHTS} <= names <= {WEIGHTS, *_OPTIONAL}:
        raise UsageError(
            f"{out} exists and holds more than a model.", "Choose a new folder: everything in it would be replaced."
        )
