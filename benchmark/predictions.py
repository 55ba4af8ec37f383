"""Predictions as they are kept: one file a condition, from which every metric is computed, the first time too.

A :class:`Predictions` holds exactly the numbers that the file holds (:mod:`benchmark.prediction_file`). Rounding to
storage precision happens when it is made, not when it is written, so no metric can be computed from better numbers than
those that are kept. Images are in order of their ids, so that neither batches nor workers leave a trace, and resampled
images pair up between models.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from . import prediction_file
from .columns import INTEGER_COLUMNS, LABEL_COLUMNS, Columns, chunks, columns_of, joined
from .errors import BenchmarkError, CorruptPredictionsError, PredictionsError
from .logits import Logits, check_labels
from .samples import TOP, Samples, check_columns, top_classes

SMALLEST_GAP = float(np.finfo(np.float16).min)
Keep = Literal["all", "top"]
_AT_TEMPERATURE = ("log_normaliser", "rest_squares", "entropy")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a checkpoint answered on one condition of a task; make one with :meth:`from_logits`.

    ``condition`` is empty, or names a shifted set (``gaussian_noise/3``). ``temperature`` is the one that was fitted
    for this checkpoint on images that are not among these, if one was; metrics after scaling need it.
    """

    ids: tuple[str, ...]
    samples: Samples
    condition: str = ""
    temperature: float | None = None

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.samples):
            raise PredictionsError(f"Expected one id an image, got {len(self.ids)} for {len(self.samples)} images.")
        doubled = next((a for a, b in zip(self.ids, self.ids[1:], strict=False) if not a < b), None)
        if doubled is not None:
            raise PredictionsError(f"Ids must be in order and differ; image {doubled!r} breaks it.")
        if self.temperature is not None and not (np.isfinite(self.temperature) and self.temperature > 0):
            raise PredictionsError(f"Expected a temperature above 0, got {self.temperature}.")

    @classmethod
    def from_logits(
        cls,
        ids: Sequence[str],
        labels: Int[np.ndarray, " n"] | None,
        logits: Logits,
        condition: str = "",
        temperature: float | None = None,
        *,
        keep: Keep = "all",
        extra: Mapping[str, Float[np.ndarray, " n"]] | None = None,
    ) -> "Predictions":
        """Round to storage precision and sort by id; the order of the arguments' images does not matter.

        ``labels`` is None for images of none of the classes, which only detection metrics can use. ``keep="top"``
        keeps the 20 largest logits of each image, for sets of which all would be too many bytes. ``extra`` has
        optional columns (``expected_entropy``, ``mahalanobis``, ``knn``), in the order of ``ids``.

        Raises :class:`~benchmark.errors.PredictionsError` for ids that repeat, and
        :class:`~benchmark.errors.LogitsError` for labels out of range.
        """
        values = logits.values
        if len(ids) != values.shape[0]:
            raise PredictionsError(f"Expected one id an image, got {len(ids)} for {values.shape[0]} images.")
        if labels is not None:
            check_labels(labels, *values.shape)
        columns = columns_of(values, labels)
        top = top_classes(values, TOP) if keep == "top" and values.shape[1] > TOP else None
        if top is not None and temperature is not None:
            scaled = columns_of(values, None, temperature)
            columns = replace(columns, **{f"scaled_{name}": getattr(scaled, name) for name in _AT_TEMPERATURE})
        columns = replace(columns, **(extra or {}))
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
        exact = Samples(columns, values.shape[1], _half_gaps(values, columns.max_logit, top), top).taken(order)
        return cls(tuple(ids[i] for i in order), as_stored(exact), condition, temperature)

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, rows: Int[np.ndarray, " m"]) -> "Predictions":
        """The predictions of some of the images, by rising place."""
        return replace(self, ids=tuple(self.ids[row] for row in rows), samples=self.samples.taken(rows))

    def lacks(self, needs: Collection[str]) -> str | None:
        """Why there is no number for a metric that needs these things, or None where all of them are there."""
        columns = self.samples.columns
        if not columns.labelled() and set(needs) & set(LABEL_COLUMNS):
            return "these images have no label among the model's classes"
        if "gaps" in needs and not self.samples.complete:
            return f"of these images the {TOP} largest logits are kept, and this needs those of all classes"
        if "temperature" in needs and self.temperature is None:
            return "no temperature: its fitting images have no optimum, or there were none"
        absent = [name for name in needs if name in _WHY and getattr(columns, name) is None]
        return _WHY[absent[0]] if absent else None

    def array_hash(self) -> str:
        """``a1:`` and 64 hex digits over ids and arrays; independent of the file's encoding."""
        return prediction_file.array_hash(self._content())

    def to_parquet(self) -> bytes:
        """The file's bytes; equal predictions give equal bytes under one version of pyarrow."""
        return prediction_file.write(self._content())

    @classmethod
    def from_parquet(cls, data: bytes) -> "Predictions":
        """Read a blob back, its hash and its rules checked.

        Raises :class:`~benchmark.errors.CorruptPredictionsError` for bytes that :meth:`to_parquet` did not write: cut,
        changed, of another schema, with columns that contradict each other.
        """
        try:
            content, stated = prediction_file.read(data)
            predictions = cls(*content)
            check_columns(predictions.samples)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, BenchmarkError) as error:
            raise CorruptPredictionsError(
                f"Expected a file of predictions, but it does not read as one: {error}",
                "Fetch or make the blob again.",
            ) from error
        if predictions.array_hash() != stated:
            raise CorruptPredictionsError("The arrays of this file do not have the hash that it states.")
        return predictions

    def _content(self) -> prediction_file.Content:
        return prediction_file.Content(self.ids, self.samples, self.condition, self.temperature)


def ranks_of_all(parts: Iterable[Predictions]) -> Predictions:
    """Disjoint sets of one network's images as one, in order of the ids: columns alone, which metrics of ranks need."""
    each = list(parts)
    ids = [image_id for part in each for image_id in part.ids]
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    together = Samples(joined(part.samples.columns for part in each), each[0].samples.classes).taken(order)
    return Predictions(tuple(ids[i] for i in order), together, each[0].condition, each[0].temperature)


_WHY = {
    "expected_entropy": "one network answered: only several that are drawn from a posterior disagree",
    "mahalanobis": "the features of these images were not compared with those of training images",
    "knn": "the features of these images were not compared with those of training images",
}


def as_stored(samples: Samples) -> Samples:
    """``samples`` in storage precision: float32 columns, float16 gaps; what the file gives back."""
    columns = {
        name: values.astype(np.int32 if name in INTEGER_COLUMNS else np.float32)
        for name, values in samples.columns.present().items()
    }
    gaps = None if samples.gaps is None else np.maximum(samples.gaps, SMALLEST_GAP).astype(np.float16)
    return replace(samples, columns=Columns(**columns), gaps=gaps)


def _half_gaps(
    values: Float[np.ndarray, "n k"], largest: Float[np.ndarray, " n"], top: Int[np.ndarray, "n t"] | None
) -> Float[np.ndarray, "n g"]:
    """The gaps as they are kept, of the classes in ``top`` or of all, chunk by chunk."""
    gaps = np.empty((len(values), values.shape[1] if top is None else top.shape[1]), np.float16)
    for rows in chunks(*values.shape):
        kept = values[rows] if top is None else np.take_along_axis(values[rows], top[rows].astype(np.int64), axis=1)
        gaps[rows] = np.maximum(kept - largest[rows, None].astype(values.dtype), SMALLEST_GAP)
    return gaps
