"""``prunarium.predictions``: what a model answered, image by image, as a table. Free of torch."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int
from sqlalchemy.orm import Session

from registry import queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import JobRecord, PredictionRecord
from registry.settings import Settings, load_settings
from zoo.core.canonical import canonical_json
from zoo.core.errors import UsageError

from .class_names import class_names
from .errors import NotMeasuredError
from .finished import finished_jobs, of_seed
from .predictions import Predictions
from .samples import TOP, Samples, top_classes

if TYPE_CHECKING:
    import pandas  # type: ignore[import-not-found, import-untyped, unused-ignore]

TOP_CLASSES = 5


def predictions(
    model: str,
    task: str,
    *,
    protocol: str | None = None,
    seed: int | None = None,
    condition: str | None = None,
    top: int = TOP_CLASSES,
    logits: bool = False,
    form: Literal["arrow", "pandas"] = "arrow",
    settings: Settings | None = None,
) -> "pa.Table | pandas.DataFrame":
    """One row an image, in order of the ids, from the predictions that the evaluation kept.

    ``model`` is a slug or hub id, ``task`` a ``name@version`` (or the name, where one version was measured). Where
    several protocols, seeds or conditions were measured, the one that is meant must be named. Columns:

    ============================================  =====================================================================
    ``id``                                        the image's permanent id
    ``label``, ``prediction``                     class numbers; the label is null for images of none of the classes
    ``label_name``, ``prediction_name``           the classes' names, where the task has them
    ``correct``, ``confidence``                   whether they agree; the probability of the prediction
    ``rank``, ``nll``                             how many classes stand before the label's; -log p(label), in nats
    ``entropy``                                   of all probabilities, in nats
    ``top_classes``, ``top_probabilities``        the ``top`` most probable classes, from the first
    ``logits``                                    with ``logits``: of all classes, float32
    ============================================  =====================================================================

    The table's metadata (key ``prunarium``) say which evaluation it is. Raises what
    :func:`~benchmark.finished.finished_jobs` and :func:`~benchmark.finished.of_seed` raise, and
    :class:`~benchmark.errors.NotMeasuredError` where the evaluation kept no predictions, or not those of all classes.

    >>> table = predictions("gmp/resnet50/0.90", "imagenet@1")  # doctest: +SKIP
    >>> table.filter(pc.invert(table["correct"])).sort_by([("confidence", "descending")])  # doctest: +SKIP
    """
    settings = settings or load_settings()
    engine = open_catalogue(settings)
    try:
        with session_scope(engine) as session:
            job, record = _chosen(session, model, task, protocol, seed, condition)
    finally:
        engine.dispose()
    stored = Predictions.from_parquet(BlobStore(settings.blobs).get(record.blob_sha256))
    if logits and not stored.samples.complete:
        raise NotMeasuredError(
            f"Of {job.task} the {TOP} largest logits of an image are kept, not all.", "Leave logits out."
        )
    table = _table(stored, class_names(job.task), top, logits=logits).replace_schema_metadata(
        {"prunarium": canonical_json(_metadata(job, record))}
    )
    return table if form == "arrow" else _as_pandas(table)


def _chosen(
    session: Session, model: str, task: str, protocol: str | None, seed: int | None, condition: str | None
) -> tuple[JobRecord, PredictionRecord]:
    job = of_seed(finished_jobs(session, model, task, protocol), seed)
    stored = {record.condition: record for record in queries.predictions_of(session, job.id)}
    what = f"{job.model} on {job.task}"
    if not stored:
        raise NotMeasuredError(f"{what} kept no predictions: it was measured, not predicted.")
    if condition is None:
        condition = "" if "" in stored else next(iter(stored)) if len(stored) == 1 else None
    if condition not in stored:
        names = ", ".join(name or "''" for name in stored)
        asked = "has several conditions" if condition is None else f"has no condition {condition!r}"
        raise UsageError(f"{what} {asked}.", f"Name one of: {names}.")
    return job, stored[condition]


def _table(stored: Predictions, names: tuple[str, ...] | None, top: int, *, logits: bool) -> pa.Table:
    columns, samples = stored.samples.columns, stored.samples
    unlabelled = None if columns.labelled() else np.ones(len(stored), dtype=bool)
    table: dict[str, pa.Array] = {"id": pa.array(stored.ids, pa.string())}
    classes = {"label": columns.labels, "prediction": columns.argmax}
    for name, values in classes.items():
        mask = unlabelled if name == "label" else None
        table[name] = pa.array(values, mask=mask)
        if names is not None and len(names) == samples.classes:
            table[f"{name}_name"] = pa.DictionaryArray.from_arrays(pa.array(values, mask=mask), pa.array(names))
    table |= {
        "correct": pa.array(columns.correct().astype(bool), mask=unlabelled),
        "confidence": pa.array(columns.confidence()),
        "rank": pa.array(columns.true_rank, mask=unlabelled),
        "nll": pa.array((columns.log_normaliser - columns.true_gap).astype(np.float64), mask=unlabelled),
        "entropy": pa.array(columns.entropy),
    }
    if samples.gaps is not None:
        chosen, probabilities = _most_probable(samples, top)
        table |= {"top_classes": _lists(chosen), "top_probabilities": _lists(probabilities)}
        if logits:
            table["logits"] = _lists(samples.gaps.astype(np.float32) + columns.max_logit[:, None])
    return pa.table(table)


def _most_probable(samples: Samples, top: int) -> tuple[Int[np.ndarray, "n t"], Float[np.ndarray, "n t"]]:
    """The first ``top`` classes and their probabilities, as far as they are kept."""
    if samples.gaps is None or top < 1:
        raise UsageError(f"top is a number of classes from 1, got {top}.")
    kept = samples.top if samples.top is not None else top_classes(samples.gaps.astype(np.float32), top)
    chosen = kept[:, :top]
    own = samples.gaps[:, : chosen.shape[1]] if samples.top is not None else np.take_along_axis(samples.gaps, chosen, 1)
    return chosen, np.exp(own.astype(np.float64) - samples.columns.log_normaliser[:, None])


def _lists(values: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), values.shape[1])


def _metadata(job: JobRecord, record: PredictionRecord) -> dict[str, Any]:
    return {
        "model": job.model,
        "task": job.task,
        "protocol": job.protocol,
        "seed": job.seed,
        "condition": record.condition,
        "blob_sha256": record.blob_sha256,
        "array_hash": record.array_hash,
    }


def _as_pandas(table: pa.Table) -> "pandas.DataFrame":
    try:
        return table.to_pandas()
    except ModuleNotFoundError as error:
        raise UsageError("A data frame needs pandas, which is not installed.", "pip install pandas") from error
