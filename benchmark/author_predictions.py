"""Predictions that a model's author made: how they are written, and the check before they are scored again.

A folder ``predictions`` holds one file a condition (:mod:`benchmark.prediction_file`) and ``manifest.json``, which says
what each is of. Nothing in it is believed: ids, labels, the number of images and of classes are compared with the
images of the task, and every number is computed here from the stored logits.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from registry.reasons import Reason
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import decode, dump_json, read_json

from .errors import BenchmarkError
from .logits import Logits
from .predictions import Predictions
from .protocols import PROTOCOLS
from .samples import Samples
from .tasks import CostTask, Task, find_task

FOLDER: Final = "predictions"
MANIFEST: Final = "manifest.json"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,200}\.parquet\Z")
_IMPOSSIBLE_LOGIT: Final = -1e30
_IDS_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True)
class PredictionsOf:
    """What one file holds: a condition of a task (empty: the whole task) by a protocol with a seed."""

    task: str
    protocol: str
    seed: int
    condition: str
    file: str

    def __post_init__(self) -> None:
        if not _FILE.match(self.file):
            raise ConfigError(f"{MANIFEST}: {self.file[:80]!r} is no name of a file beside it that ends in .parquet.")


@dataclass(frozen=True, kw_only=True)
class PredictionManifest:
    """``manifest.json``: schema 1, and every file."""

    schema: int = 1
    files: tuple[PredictionsOf, ...]

    def __post_init__(self) -> None:
        if self.schema != 1:
            raise ConfigError(f"{MANIFEST}: schema {self.schema}, this version reads schema 1.")
        keys = [(one.task, one.protocol, one.seed, one.condition) for one in self.files]
        if not keys or len(set(keys)) < len(keys) or len({one.file for one in self.files}) < len(keys):
            raise ConfigError(f"{MANIFEST}: it must name at least one file, and no file or condition twice.")


class Judged(NamedTuple):
    """Every reason against the predictions; without one, what they are, by cell (task, protocol, seed)."""

    reasons: tuple[Reason, ...]
    cells: Mapping[tuple[str, str, int], Mapping[str, Predictions]]


def write_predictions(
    folder: Path,
    *,
    task: str,
    protocol: str,
    ids: Sequence[str],
    labels: Int[np.ndarray, " n"] | None,
    logits: Float[np.ndarray, "n k"],
    condition: str = "",
    seed: int = 0,
    temperature: float | None = None,
) -> Path:
    """Add one condition of ``task`` to ``folder`` (made if it is missing) and its manifest; returns the file.

    ``ids`` are those of the task's images in any order, ``labels`` their classes, ``logits`` unnormalised and finite.
    What was written for the same condition before is replaced. Raises :class:`~zoo.core.errors.UsageError` for an
    unknown task or protocol, and :class:`~benchmark.errors.BenchmarkError` for what is no prediction.
    """
    found = find_task(task)
    PROTOCOLS[protocol]
    predictions = Predictions.from_logits(ids, labels, Logits(logits), condition, temperature, keep=found.keep)
    name = re.sub(r"[^A-Za-z0-9@._-]+", "_", "--".join(filter(None, (task, protocol, f"s{seed}", condition))))
    entry = PredictionsOf(task=task, protocol=protocol, seed=seed, condition=condition, file=f"{name}.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    before = read_manifest(folder).files if (folder / MANIFEST).is_file() else ()
    (folder / entry.file).write_bytes(predictions.to_parquet())
    kept = (one for one in before if (one.task, one.protocol, one.seed, one.condition) != _key(entry))
    files = sorted((*kept, entry), key=_key)
    (folder / MANIFEST).write_bytes(dump_json({"schema": 1, "files": [asdict(one) for one in files]}))
    return folder / entry.file


def read_manifest(folder: Path) -> PredictionManifest:
    """The manifest of a folder. Raises :class:`~zoo.checkpoint.errors.ConfigError` for anything else."""
    return decode(PredictionManifest, read_json(folder / MANIFEST), MANIFEST)


def judge(folder: Path, wanted: Sequence[tuple[str, str, int]]) -> Judged:
    """Judge a fetched folder against the cells of a suite and the images of their tasks."""
    try:
        manifest = read_manifest(folder)
    except ConfigError as error:
        return Judged((Reason("predictions_missing", error.message.replace(f"{folder}/", "")),), {})
    by_cell: dict[tuple[str, str, int], list[PredictionsOf]] = defaultdict(list)
    for entry in manifest.files:
        by_cell[entry.task, entry.protocol, entry.seed].append(entry)
    reasons: list[Reason] = []
    cells = {}
    for cell, entries in by_cell.items():
        found = list(_against_cell(folder, cell, entries, wanted))
        reasons += [one for one in found if isinstance(one, Reason)]
        cells[cell] = {one.condition: one for one in found if isinstance(one, Predictions)}
    return Judged(tuple(reasons), {} if reasons else cells)


def _against_cell(
    folder: Path, cell: tuple[str, str, int], entries: Sequence[PredictionsOf], wanted: Sequence[tuple[str, str, int]]
) -> Iterator[Reason | Predictions]:
    what = f"{cell[0]} by {cell[1]}, seed {cell[2]}"
    if cell not in wanted:
        yield Reason("predictions_unknown", f"{what} is no part of the suite")
        return
    task = find_task(cell[0])
    if isinstance(task, CostTask):
        yield Reason("predictions_unknown", f"{what}: nothing is predicted, it is measured")
        return
    images = task.image_sets()
    if {entry.condition for entry in entries} != set(images):
        absent = sorted(set(images) ^ {entry.condition for entry in entries})
        yield Reason("predictions_mismatch", f"{what}: the conditions differ in {', '.join(map(repr, absent[:5]))}")
        return
    for entry in entries:
        try:
            predictions = Predictions.from_parquet((folder / entry.file).read_bytes())
        except (OSError, BenchmarkError) as error:
            yield Reason("predictions_unreadable", f"{entry.file}: {getattr(error, 'message', 'it is not there')}")
            continue
        expected = images[entry.condition]
        wrong = _differs(task, predictions, entry, tuple(expected.ids), expected.labels)
        yield predictions if wrong is None else Reason("predictions_mismatch", f"{entry.file}: {wrong}")


def _differs(
    task: Task,
    predictions: Predictions,
    entry: PredictionsOf,
    ids: tuple[str, ...],
    labels: Int[np.ndarray, " n"] | None,
) -> str | None:
    """What is not as the task's images say, in words."""
    if predictions.condition != entry.condition:
        return f"it says that it is of the condition {predictions.condition!r}"
    if len(predictions) != len(ids):
        return f"{len(predictions):,} images, the task has {len(ids):,}"
    other = sorted(set(predictions.ids) - set(ids))
    if other:
        shown = ", ".join(map(repr, other[:_IDS_SHOWN]))
        return f"{len(other):,} ids are none of the task's, such as {shown}"
    order = sorted(range(len(ids)), key=ids.__getitem__)
    space = getattr(task, "label_space", None)
    classes = len(space) if space else task.classes
    if classes is not None and predictions.samples.classes != classes:
        return f"{predictions.samples.classes:,} classes, the task has {classes:,}"
    if not predictions.samples.complete and task.keep == "all":
        return "the largest logits alone, where those of all classes are wanted"
    return _labels_differ(task, predictions, None if labels is None else labels[np.array(order)], space)


def _labels_differ(
    task: Task,
    predictions: Predictions,
    labels: Int[np.ndarray, " n"] | None,
    space: Sequence[int] | None,
) -> str | None:
    columns = predictions.samples.columns
    if (labels is None) == columns.labelled():
        return "labels where the task has none" if labels is None else "no labels, and the task has them"
    if labels is None:
        return None
    # Which of several right classes counts may hang on the logits, so the task is asked with them.
    _, expected = task.judged(_logits_of(predictions.samples, task.model_classes, space), labels)
    wrong = 0 if expected is None else int((columns.labels != expected).sum())
    return f"{wrong:,} labels are others than the task's" if wrong else None


def _logits_of(samples: Samples, model_classes: int | None, space: Sequence[int] | None) -> Logits:
    """The logits that were stored, at their places among the model's; those that were not are as good as impossible."""
    width = samples.classes if space is None else (model_classes or max(space) + 1)
    values = np.full((len(samples), width), _IMPOSSIBLE_LOGIT, np.float32)
    among = np.arange(samples.classes) if space is None else np.asarray(space)
    if samples.gaps is None:
        return Logits(values)
    stored = samples.gaps.astype(np.float32) + samples.columns.max_logit[:, None]
    if samples.top is None:
        values[:, among] = stored
    else:
        np.put_along_axis(values, among[samples.top], stored, axis=1)
    return Logits(values)


def _key(entry: PredictionsOf) -> tuple[str, str, int, str]:
    return entry.task, entry.protocol, entry.seed, entry.condition


__all__ = [
    "FOLDER",
    "MANIFEST",
    "Judged",
    "PredictionManifest",
    "PredictionsOf",
    "judge",
    "read_manifest",
    "write_predictions",
]
