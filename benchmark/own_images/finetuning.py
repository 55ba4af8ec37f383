"""``prunarium finetune``: a published sparse checkpoint learns a user's classes and stays sparse.

``OUT`` holds, when all is done: ``model/`` (a model folder that loads again), ``split.json``, ``curve.csv``,
``curve.json``, ``curve.svg``, the predictions of the test images as Parquet, and ``receipt.json``, written last.
Before that, ``OUT/.unfinished`` keeps what a run that was killed goes on from.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from registry.errors import RegistryError
from registry.pull import pull
from zoo.checkpoint.config import Provenance
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import PROVENANCE, ModelFolder, read_folder, write_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.slug import is_slug, parse_slug
from zoo.checkpoint.strict import dump_json
from zoo.checkpoint.torch_io import tensors_of
from zoo.core.canonical import config_hash
from zoo.core.console import say
from zoo.core.errors import UsageError
from zoo.core.files import atomic_folder, write_bytes
from zoo.core.versions import code_version, package_versions
from zoo.flops import positions
from zoo.models import load_model

from ..errors import SparsityLostError
from ..predictions import Predictions
from ..reproducible import reproducible
from .judging import answer, judge
from .receipt import MODEL, PACKAGES, RECEIPT, SCHEMA, UNFINISHED, Result, Run, files_of, receipt_of
from .splitting import OwnImages, own_images
from .training import Recipe, Trained, train_on

SPLIT = "split.json"


@dataclass(frozen=True)
class Finetuned:
    """What came of it: ``folder`` is the model folder, ``receipt`` the document beside it (JSON types)."""

    folder: Path
    receipt: Mapping[str, Any]


class NotFinetunedHereError(UsageError):
    """A folder holds something else than a fine-tune with these settings."""


def finetune(
    model: str,
    data: str,
    out: Path | str,
    protocol: str = "linear",
    *,
    parent: str | None = None,
    compare: bool = True,
    device: str = "auto",
    **settings: Any,
) -> Finetuned:
    """Train a checkpoint on your own images, and compare it with its dense parent on the same test images.

    ``model`` is a slug, a hub id or a model folder; ``data`` is ``folder:PATH`` with a folder for each class, or any
    address of :mod:`zoo.data`. ``protocol``: "linear" (a new classifier on the frozen network) or "full" (every weight
    that is not pruned). ``parent`` names a dense parent other than the checkpoint's own; ``compare=False`` leaves it
    out. ``settings`` are the other fields of :class:`~benchmark.own_images.training.Recipe`.

    The same call goes on where it was interrupted, and returns at once where it was finished. Raises
    :class:`NotFinetunedHereError` where ``out`` holds anything else, and what pulling, images and training raise.
    """
    out, recipe = Path(out).absolute(), Recipe(protocol, **settings)
    _require_place(out)
    source = _folder_of(model)
    images = own_images(data, recipe.seed)
    request = {
        "model": source.provenance.slug,
        "densified_hash": measure(source.weights).densified_hash,
        "data_sha256": images.sha256,
        "recipe": recipe.document(),
        "compare": parent or compare,
    }
    key = config_hash(SCHEMA, request)
    if (done := _finished(out, key)) is not None:
        return done
    unfinished = out / UNFINISHED
    unfinished.mkdir(parents=True, exist_ok=True)
    for warning in images.warnings:
        say(warning)
    write_bytes(out / SPLIT, dump_json(images.document()))
    with reproducible(recipe.seed):
        mine = _Network(source, images, recipe, unfinished / "model", device).result()
    against, why_not = _parent_of(source, parent) if compare else (None, "it was left out on request")
    theirs = None
    if against is not None:
        with reproducible(recipe.seed):
            theirs = _Network(against, images, recipe, unfinished / "parent", device).result()
    return _written(out, Run(key, request, images, source, mine, against, theirs, why_not))


@dataclass(frozen=True)
class _Network:
    """One of the two networks: trained, written and answered once, however often the command is run."""

    source: ModelFolder
    images: OwnImages
    recipe: Recipe
    folder: Path
    device: str

    def result(self) -> Result:
        """From what is kept, or anew."""
        kept = self.folder / "answers.json"
        if not kept.exists():
            self._make(kept)
        told = json.loads(kept.read_bytes())
        predictions = Predictions.from_parquet((self.folder / "predictions.parquet").read_bytes())
        made = read_folder(self.folder / MODEL)
        return Result(
            made, judge(predictions, self.images), told["curve"], told["notes"], told["before"], told["after"]
        )

    def _make(self, kept: Path) -> None:
        slug = self.source.provenance.slug
        say(f"{slug}: {self.recipe.protocol} on {len(self.images.splits['train']):,} images of {self.images.name}")
        trained = train_on(self.source, self.images, self.recipe, self.folder / "run", self.device)
        made = self._write(trained)
        again = load_model(made.path)
        predictions = answer(again, self.images, made.config.preprocessing)
        if predictions.to_parquet() != answer(trained.model, self.images, made.config.preprocessing).to_parquet():
            raise SparsityLostError(f"{slug} does not answer alike after it was written and loaded again.")
        write_bytes(self.folder / "predictions.parquet", predictions.to_parquet())
        told = {"curve": list(trained.curve), "notes": trained.notes, "before": trained.before, "after": trained.after}
        write_bytes(kept, dump_json(told))
        shutil.rmtree(self.folder / "run", ignore_errors=True)

    def _write(self, trained: Trained) -> ModelFolder:
        names, source = self.images.class_names, self.source
        tensors = tensors_of(trained.model)
        config = replace(
            source.config,
            num_classes=len(names),
            class_names=names,
            positions=positions(trained.model, source.config.preprocessing.input_size),
        )
        return write_folder(self.folder / MODEL, tensors, config, self._provenance())

    def _provenance(self) -> Provenance:
        old, sha256 = self.source.provenance, self.images.sha256
        slug = parse_slug(old.slug)
        variant = "-".join(filter(None, (slug.variant, self.recipe.protocol, sha256[:8])))
        return replace(
            old,
            slug=str(replace(slug, variant=variant)),
            title=f"{old.title}, fine-tuned on {self.images.name} ({self.recipe.protocol})",
            data=f"{old.data}, then own images {self.images.name}",
            data_sha256=sha256,
            epochs=None,
            training_flops=None,
            upstream_top1=None,
            config_hash=config_hash(SCHEMA, {"of": old.config_hash, "data": sha256, **self.recipe.document()}),
            code_version=code_version(),
            packages=package_versions(PACKAGES),
        )


def _require_place(out: Path) -> None:
    if out.is_file():
        raise NotFinetunedHereError(f"{out} is a file.", "Choose a new folder with --out.")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (RECEIPT, UNFINISHED)):
        raise NotFinetunedHereError(
            f"{out} is there already and holds no fine-tune.", "Choose a new folder with --out."
        )


def _finished(out: Path, key: str) -> Finetuned | None:
    """The result of this very request; None where there is none, or an unfinished one of it."""
    receipt, begun = out / RECEIPT, out / UNFINISHED / "key"
    found = json.loads(receipt.read_bytes()) if receipt.exists() else None
    if found is None and begun.exists() and begun.read_text() != key:
        raise NotFinetunedHereError(
            f"{out} holds an unfinished fine-tune with other settings or images.",
            f"Choose another --out, or remove {out} to begin again.",
        )
    if found is not None and found["key"] != key:
        raise NotFinetunedHereError(
            f"{out} holds a fine-tune of {found['request']['model']} with other settings or images.",
            "Choose another --out.",
        )
    if found is None:
        write_bytes(begun, key.encode())
        return None
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return Finetuned(out / MODEL, found)


def _folder_of(model: str) -> ModelFolder:
    path = Path(model).expanduser()
    if (path / PROVENANCE).is_file() or (path.is_dir() and "/" not in model.strip("/.")):
        return read_folder(path)
    return read_folder(pull(model).path)


def _parent_of(source: ModelFolder, named: str | None) -> tuple[ModelFolder | None, str | None]:
    """The dense parent, or why there is none to compare with."""
    wanted = named or source.provenance.parent
    if wanted is None:
        if source.provenance.sparsity_target == 0:
            return None, f"{source.provenance.slug} is dense itself"
        return None, f"{source.provenance.slug} names no dense parent: --parent SLUG or folder"
    beside = source.path.parent / parse_slug(wanted).repo_name if is_slug(wanted) else None
    if beside is not None and (beside / PROVENANCE).is_file():
        return read_folder(beside), None  # as the zoo writes them
    try:
        return _folder_of(wanted), None
    except (RegistryError, CheckpointError, UsageError) as error:
        return None, f"its dense parent {wanted} cannot be had (--parent names another): {error.message.rstrip('.')}"


def _written(out: Path, run: Run) -> Finetuned:
    """Everything but the receipt first: where that is, all is there."""
    for name, data in files_of(run).items():
        write_bytes(out / name, data)
    with atomic_folder(out / MODEL) as temporary:
        for file in run.mine.folder.path.iterdir():
            shutil.copyfile(file, temporary / file.name)
    receipt = receipt_of(run, out)
    write_bytes(out / RECEIPT, dump_json(receipt))
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    return Finetuned(out / MODEL, receipt)
