"""Predictions as they are kept: one Parquet file a condition, from which every metric is computed, the first time too.

A :class:`Predictions` holds exactly the numbers that the file holds. Rounding to storage precision happens when it is
made, not when it is written, so no metric can be computed from better numbers than those that are kept. Images are in
order of their ids, so that neither batches nor workers leave a trace, and resampled images pair up between models.

The file's columns, one row an image::

    id string | labels, argmax, true_rank int32 | max_logit, log_normaliser, true_gap, rest_squares, entropy float32
    gaps fixed_size_list<float16>[k]: logit minus the largest, at least -65504

Its metadata, under the key ``prunarium``, is the canonical JSON of schema, condition, temperature and array hash.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int

from zoo.core.canonical import canonical_json

from .errors import BenchmarkError, CorruptPredictionsError, PredictionsError
from .logits import Logits, check_labels
from .samples import Columns, Samples, check_columns, samples_of

SCHEMA = 1
SMALLEST_GAP = float(np.finfo(np.float16).min)
INTEGER_COLUMNS = ("labels", "argmax", "true_rank")


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
    ) -> "Predictions":
        """Round to storage precision and sort by id; the order of the arguments' images does not matter.

        ``labels`` is None for images of none of the classes, which only detection metrics can use.

        Raises :class:`~benchmark.errors.PredictionsError` for ids that repeat, and
        :class:`~benchmark.errors.LogitsError` for labels out of range.
        """
        if len(ids) != logits.values.shape[0]:
            raise PredictionsError(f"Expected one id an image, got {len(ids)} for {logits.values.shape[0]} images.")
        if labels is not None:
            check_labels(labels, *logits.values.shape)
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
        exact = samples_of(Logits(logits.values[order]), None if labels is None else labels[order])
        return cls(tuple(ids[i] for i in order), as_stored(exact), condition, temperature)

    def __len__(self) -> int:
        return len(self.ids)

    def array_hash(self) -> str:
        """``a1:`` and 64 hex digits over ids and arrays, each length-prefixed; independent of the file's encoding."""
        digest = hashlib.sha256(b"prunarium predictions 1\n")
        for text in (self.condition, repr(self.temperature), *self.ids):
            digest.update(len(text.encode()).to_bytes(8, "little"))
            digest.update(text.encode())
        for name, values in _arrays(self.samples).items():
            header = f"{name} {values.dtype.str} {','.join(map(str, values.shape))}".encode()
            digest.update(len(header).to_bytes(8, "little"))
            digest.update(header)
            digest.update(np.ascontiguousarray(values).data)
        return f"a1:{digest.hexdigest()}"

    def to_parquet(self) -> bytes:
        """The file's bytes; equal predictions give equal bytes under one version of pyarrow."""
        schema = parquet_schema(self.samples.classes).with_metadata({"prunarium": self._metadata()})
        arrays: list[pa.Array] = [pa.array(self.ids, pa.string())]
        for name, values in _arrays(self.samples).items():
            flat = pa.array(values.reshape(-1))
            arrays.append(pa.FixedSizeListArray.from_arrays(flat, self.samples.classes) if name == "gaps" else flat)
        sink = io.BytesIO()
        pq.write_table(
            pa.Table.from_arrays(arrays, schema=schema),
            sink,
            row_group_size=len(self),
            compression="zstd",
            compression_level=3,
            use_dictionary=False,
            write_statistics=False,
            column_encoding={"gaps.list.element": "BYTE_STREAM_SPLIT"},
        )
        return sink.getvalue()

    @classmethod
    def from_parquet(cls, data: bytes) -> "Predictions":
        """Read a blob back, its hash and its rules checked.

        Raises :class:`~benchmark.errors.CorruptPredictionsError` for bytes that :meth:`to_parquet` did not write: cut,
        changed, of another schema, with columns that contradict each other.
        """
        try:
            table = pq.read_table(io.BytesIO(data), use_threads=False)
            metadata = _read_metadata(table)
            predictions = cls(
                tuple(table["id"].to_pylist()), _read_samples(table), metadata["condition"], metadata["temperature"]
            )
            check_columns(predictions.samples)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, BenchmarkError) as error:
            raise CorruptPredictionsError(
                f"Expected a file of predictions, but it does not read as one: {error}",
                "Fetch or make the blob again.",
            ) from error
        if predictions.array_hash() != metadata["array_hash"]:
            raise CorruptPredictionsError("The arrays of this file do not have the hash that it states.")
        return predictions

    def _metadata(self) -> bytes:
        return canonical_json(
            {
                "schema": SCHEMA,
                "condition": self.condition,
                "temperature": self.temperature,
                "array_hash": self.array_hash(),
            }
        )


def as_stored(samples: Samples) -> Samples:
    """``samples`` in storage precision: float32 columns, float16 gaps; what the file gives back."""
    columns = {
        field.name: getattr(samples.columns, field.name).astype(
            np.int32 if field.name in INTEGER_COLUMNS else np.float32
        )
        for field in fields(Columns)
    }
    return Samples(Columns(**columns), np.maximum(samples.gaps, SMALLEST_GAP).astype(np.float16))


def parquet_schema(classes: int) -> pa.Schema:
    """The columns of a file of ``classes`` classes."""
    numbers = [(field.name, pa.int32() if field.name in INTEGER_COLUMNS else pa.float32()) for field in fields(Columns)]
    return pa.schema([("id", pa.string()), *numbers, ("gaps", pa.list_(pa.float16(), classes))])


def _read_metadata(table: pa.Table) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads((table.schema.metadata or {})[b"prunarium"])
    if metadata.keys() != {"schema", "condition", "temperature", "array_hash"} or metadata["schema"] != SCHEMA:
        raise ValueError(f"its metadata are {metadata}")
    return metadata


def _read_samples(table: pa.Table) -> Samples:
    kind = table.schema.field("gaps").type
    classes = kind.list_size if pa.types.is_fixed_size_list(kind) else 0
    if table.schema.remove_metadata() != parquet_schema(classes):
        raise ValueError(f"its columns are {', '.join(f'{field.name} {field.type}' for field in table.schema)}")
    if any(column.null_count for column in table.columns):
        raise ValueError("it has empty cells")
    gaps = table["gaps"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    columns = {field.name: table[field.name].to_numpy() for field in fields(Columns)}
    return Samples(Columns(**columns), gaps.reshape(-1, classes))


def _arrays(samples: Samples) -> dict[str, np.ndarray]:
    columns = {field.name: getattr(samples.columns, field.name) for field in fields(Columns)}
    return {**columns, "gaps": samples.gaps}
