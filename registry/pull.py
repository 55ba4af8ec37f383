"""From a name to verified files: the hub's own client fetches, and every byte is checked again.

The client of the hub compares sizes only, so a damaged file of the right size would stay in its cache for ever. Here
each file is hashed against what the hub named it by, a damaged one is removed and fetched once more, and the weights
must give the densified hash of the catalogue, or else of the passport in the same commit.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from sqlalchemy import Engine

from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, WEIGHTS
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.checkpoint.strict import read_json
from zoo.core.errors import UsageError
from zoo.core.files import atomic_folder, disk_errors
from zoo.core.hashing import densified_hash

from .db.schema import open_catalogue
from .errors import CorruptDownloadError
from .hub_client import client, hub_errors, matches, remote_digests
from .resolve import Pin, resolve
from .settings import load_settings

if TYPE_CHECKING:
    from torch import nn

_OPTIONAL = (CONFIG, PROVENANCE, PASSPORT, CARD)
_DIGEST_LENGTHS = (40, 64)  # a git blob's SHA-1, or SHA-256


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
    pin = resolve(target, engine=engine, endpoint=endpoint, token=token)
    files, fetched = {}, False
    with hub_errors(pin.endpoint, pin.repo_id), disk_errors(cache or Path(HF_HUB_CACHE)):
        for name in (WEIGHTS, *_OPTIONAL):
            path, new = _fetch_verified(pin, name, cache)
            fetched |= new
            if path is not None:
                files[name] = path
    found, verified_by = _verify_identity(pin, files)
    path = files[WEIGHTS].parent
    if out is not None:
        with atomic_folder(out) as temporary:
            for name, file in files.items():
                shutil.copyfile(file, temporary / name)
        path = out
    return Pulled(path, pin.repo_id, pin.commit, found, verified_by, not fetched)


def load(target: str, num_classes: int | None = None, revision: str | None = None) -> "nn.Module":
    """Pull a model and build it, in evaluation mode; needs the extra ``zoo`` (torch).

    With ``num_classes`` it gets a new classifier. To keep its sparsity in training, give it and its optimizer to
    ``prunarium.keep_sparse``. Raises as :func:`pull`, and :class:`~zoo.checkpoint.errors.TensorMismatchError`.
    """
    from zoo.models import load_model

    pulled = pull(f"{target}@{revision}" if revision else target)
    return load_model(pulled.path, num_classes)


def _fetch_verified(pin: Pin, name: str, cache: Path | None) -> tuple[Path | None, bool]:
    """The file in the cache and whether it was fetched now; None for a file that the commit does not have."""
    path, fetched = _fetch(pin, name, cache)
    if path is None or _intact(pin, name, path):
        return path, fetched
    _remove(path)
    path, _ = _fetch(pin, name, cache)
    if path is None or not _intact(pin, name, path):
        if path is not None:
            _remove(path)
        raise CorruptDownloadError(
            f"{name} of {pin.repo_id}@{pin.commit} was damaged twice: its bytes do not hash to what the hub names.",
            "Try again later; if it stays so, the hub's copy is damaged.",
        )
    return path, True


def _fetch(pin: Pin, name: str, cache: Path | None) -> tuple[Path | None, bool]:
    known = try_to_load_from_cache(pin.repo_id, name, cache_dir=cache, revision=pin.commit)
    if isinstance(known, str):
        return Path(known), False
    if known is not None:  # the hub said before that this commit has no such file
        return None, False
    try:
        path = hf_hub_download(
            pin.repo_id,
            name,
            revision=pin.commit,
            endpoint=pin.endpoint,
            token=pin.token or False,
            cache_dir=cache,
            library_name="prunarium",
        )
    except EntryNotFoundError as error:
        if name == WEIGHTS or isinstance(error, LocalEntryNotFoundError):
            raise
        return None, True
    return Path(path), True


def _intact(pin: Pin, name: str, path: Path) -> bool:
    if name == WEIGHTS and pin.file_sha256 is not None:
        return matches(path, pin.file_sha256)
    # In the cache a file is a link to a blob that bears the digest, as the hub gave it, for a name.
    digest = path.resolve().name
    if len(digest) not in _DIGEST_LENGTHS:  # a file system without links
        digest = remote_digests(client(pin.endpoint, pin.token), pin.repo_id, pin.commit, [name]).get(name, "")
    return matches(path, digest)


def _remove(path: Path) -> None:
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


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
        raise CheckpointError(f"{pin.repo_id}@{pin.commit} has no {CONFIG}, so it is not the model it claims to be.")
    config = ModelConfig.from_dict(read_json(files[CONFIG]), CONFIG)
    actual = (found, config.architecture, config.preprocessing.hash())
    for what, promise, fact in zip(("densified hash", "architecture", "preprocessing"), promised, actual, strict=True):
        if promise != fact:
            raise CorruptDownloadError(
                f"{pin.repo_id}@{pin.commit} is not the model that {who} promises: {what} {promise}, got {fact}.",
                "Do not use it; tell its publisher.",
            )


def _refuse_foreign_folder(out: Path | None) -> None:
    """``out`` is replaced as a whole, so it must not be somebody's home."""
    if out is None or not out.exists() or (out.is_dir() and (not any(out.iterdir()) or (out / WEIGHTS).is_file())):
        return
    raise UsageError(f"{out} exists and is no model folder.", "Choose a new folder: it would be replaced.")
