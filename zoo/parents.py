"""Find the dense parent of a pruned model among the folders that ``zoo train`` or ``import`` wrote."""

import re
from pathlib import Path

from .checkpoint.folder import ModelFolder, read_folder
from .checkpoint.slug import Slug
from .core.errors import UsageError
from .errors import ParentMissingError

IMAGENET_CLASSES = 1000
_SEEDED = re.compile(r"-s\d+$")


def find_parent(folder: Path, architecture: str | None, seed: int) -> ModelFolder:
    """The dense model of this seed, else an imported one, which has none; ``architecture`` None takes the only one.

    Raises :class:`ParentMissingError` where there is none, or more than one to choose from.
    """
    if not folder.is_dir():
        raise ParentMissingError(
            f"There is no folder {folder} with dense parents.", _how_to_train(folder, architecture)
        )
    pattern = Slug("dense", architecture or "*", "0.00", f"s{seed}").repo_name
    unseeded = folder.glob(Slug("dense", architecture or "*", "0.00").repo_name + "*")
    found = sorted(folder.glob(pattern)) or sorted(path for path in unseeded if not _SEEDED.search(path.name))
    if not found:
        raise ParentMissingError(f"{folder} holds no dense parent {pattern}.", _how_to_train(folder, architecture))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ParentMissingError(
            f"{folder} holds several dense parents: {names}.",
            "Choose one with --architecture, or give --parents a folder with one of them.",
        )
    return read_folder(found[0])


def one_parent(where: str, architecture: str | None, out: Path) -> ModelFolder:
    """A model folder, or somebody else's file or address, imported into ``out`` as a network of ImageNet's classes.

    Raises :class:`UsageError` where it has others: what it was trained on must then be said.
    """
    from .importers._making import ImportRequest, import_checkpoint

    if Path(where).is_dir():
        return read_folder(Path(where))
    if architecture is None:
        raise UsageError(f"{where} is to be imported, and its architecture is not known.", "Add --architecture NAME.")
    folder = import_checkpoint(ImportRequest(where, architecture, out, overwrite=True)).folder
    if folder.config.num_classes != IMAGENET_CLASSES:
        raise UsageError(
            f"{where} has {folder.config.num_classes} classes and is no network of ImageNet's {IMAGENET_CLASSES}.",
            f"Import it first and say what it was trained on: prunarium import {where} --architecture {architecture} "
            "--data NAME --out FOLDER; then --parents FOLDER",
        )
    return folder


def _how_to_train(folder: Path, architecture: str | None) -> str:
    return f"Make it first: prunarium zoo train --architecture {architecture or 'NAME'} --data DATA --out {folder}"
