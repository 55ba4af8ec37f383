"""The receipt of a fine-tune: what was asked for, what came of it, and the hash of every file beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.checkpoint.folder import ModelFolder, read_folder
from zoo.checkpoint.passport import Passport, measure
from zoo.core.files import sha256_of_file
from zoo.core.versions import code_version, package_versions

from .curves import curve_files
from .judging import Judged, difference
from .splitting import OwnImages
from .training import Point

RECEIPT, MODEL, UNFINISHED = "receipt.json", "model", ".unfinished"
SCHEMA = "prunarium fine-tune 1"
PACKAGES = ("numpy", "pillow", "torch", "torchvision", "timm")


@dataclass(frozen=True)
class Result:
    """One trained network: its folder, answers and course; ``before`` and ``after`` are shares of zeros."""

    folder: ModelFolder
    judged: Judged
    curve: Sequence[Point]
    notes: Mapping[str, Any]
    before: float
    after: float

    def document(self, source: ModelFolder) -> dict[str, Any]:
        """JSON types."""
        return {"of": source.provenance.slug, "numbers": self.judged.document(), "notes": self.notes}


@dataclass(frozen=True)
class Run:
    """Everything that a receipt says; ``parent`` and ``theirs`` are of the dense parent, or ``why_not`` tells why."""

    key: str
    request: Mapping[str, Any]
    images: OwnImages
    source: ModelFolder
    mine: Result
    parent: ModelFolder | None
    theirs: Result | None
    why_not: str | None


def files_of(run: Run) -> dict[str, bytes]:
    """Curves and predictions, by name."""
    both = {"model": run.mine, **({} if run.theirs is None else {"parent": run.theirs})}
    title = f"{run.source.provenance.slug} on {run.images.name}"
    curves = curve_files({name: each.curve for name, each in both.items()}, run.request["recipe"]["protocol"], title)
    names = {"model": "predictions.parquet", "parent": "predictions_parent.parquet"}
    return curves | {names[name]: each.judged.predictions.to_parquet() for name, each in both.items()}


def receipt_of(run: Run, out: Path) -> dict[str, Any]:
    """JSON types; ``out`` holds all other files by now."""
    made = read_folder(out / MODEL)
    compared = run.parent is not None and run.theirs is not None
    return {
        "schema": SCHEMA,
        "key": run.key,
        "request": run.request,
        "slug": made.provenance.slug,
        "model": run.mine.document(run.source),
        "parent": run.theirs.document(run.parent) if run.parent is not None and run.theirs is not None else None,
        "difference": difference(run.mine.judged, run.theirs.judged) if run.theirs is not None else None,
        "not_compared": None if compared else run.why_not,
        "sparsity": {
            "backbone_before": run.mine.before,
            "backbone_after": run.mine.after,
            "passport_before": _summary(measure(run.source.weights, run.source.config)),
            "passport_after": _summary(measure(made.weights, made.config)),
        },
        "images": {
            "made": run.images.made,
            "seed": run.images.seed,
            "warnings": list(run.images.warnings),
            "counts": {name: len(split) for name, split in run.images.splits.items()},
        },
        "files": {
            str(path.relative_to(out)): sha256_of_file(path)
            for path in sorted(out.rglob("*"))
            if path.is_file() and UNFINISHED not in path.parts and path.name != RECEIPT
        },
        "code_version": code_version(),
        "packages": package_versions(PACKAGES),
    }


def _summary(passport: Passport) -> dict[str, Any]:
    return {
        "densified_hash": passport.densified_hash,
        "sparsity": passport.sparsity(),
        "nonzeros": passport.prunable_nonzeros,
        "elements": passport.prunable_elements,
        "layers": {layer.name: 1 - layer.nonzeros / layer.elements for layer in passport.layers if layer.prunable},
    }
