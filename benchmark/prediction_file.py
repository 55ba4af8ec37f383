"""The Parquet file of predictions: what its columns and metadata are, written and read.

The columns, one row an image::

    id string | labels, argmax, true_rank int32 | max_logit, log_normaliser, true_gap, rest_squares, entropy float32
    gaps fixed_size_list<float16>[k]: logit minus the largest, at least -65504

These are schema 1. Schema 2 adds, each only where there is one: float32 columns (``expected_entropy``,
``mahalanobis``, ``knn``, ``scaled_...``), and for sets of which 20 classes are kept, ``top
fixed_size_list<int32>[20]``, with ``gaps`` of the same length. A file is of the oldest schema that can hold it, so
that equal predictions stay equal bytes.

The metadata, under the key ``prunarium``, are the canonical JSON of schema, condition, temperature and array hash, in
schema 2 of the number of classes also.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zoo.core.canonical import canonical_json

from .columns import INTEGER_COLUMNS, Columns
from .samples import Samples

BASE_COLUMNS = tuple(field.name for field in fields(Columns) if field.default is MISSING)
OPTIONAL_COLUMNS = tuple(field.name for field in fields(Columns) if field.default is not MISSING)
_KEYS = {"schema", "condition", "temperature", "array_hash"}
_LISTS = ("gaps", "top")


class Content(NamedTuple):
    """What a file holds; ``samples`` in storage precision."""

    ids: tuple[str, ...]
    samples: Samples
    condition: str
    temperature: float | None


def array_hash(content: Content) -> str:
    """``a1:`` and 64 hex digits over ids and arrays, each length-prefixed; independent of the file's encoding."""
    digest = hashlib.sha256(b"prunarium predictions 1\n")
    for text in (content.condition, repr(content.temperature), *content.ids):
        digest.update(len(text.encode()).to_bytes(8, "little"))
        digest.update(text.encode())
    for name, values in _arrays(content.samples).items():
        header = f"{name} {values.dtype.str} {','.join(map(str, values.shape))}".encode()
        digest.update(len(header).to_bytes(8, "little"))
        digest.update(header)
        digest.update(np.ascontiguousarray(values).data)
    return f"a1:{digest.hexdigest()}"


def write(content: Content) -> bytes:
    """The file's bytes; equal predictions give equal bytes under one version of pyarrow."""
    arrays: list[pa.Array] = [pa.array(content.ids, pa.string())]
    for name, values in _arrays(content.samples).items():
        flat = pa.array(values.reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(flat, values.shape[1]) if name in _LISTS else flat)
    schema = _schema(content.samples).with_metadata({"prunarium": canonical_json(_metadata(content))})
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        sink,
        row_group_size=len(content.ids),
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=False,
        column_encoding={"gaps.list.element": "BYTE_STREAM_SPLIT"},
    )
    return sink.getvalue()


def read(data: bytes) -> tuple[Content, str]:
    """What :func:`write` wrote, and the array hash that the file states.

    Raises what pyarrow raises, :class:`ValueError` or :class:`KeyError` for anything else.
    """
    table = pq.read_table(io.BytesIO(data), use_threads=False)
    metadata = _read_metadata(table)
    content = Content(
        tuple(table["id"].to_pylist()), _read_samples(table, metadata), metadata["condition"], metadata["temperature"]
    )
    return content, metadata["array_hash"]


def parquet_schema(optional: Sequence[str], kept: int, *, top: bool) -> pa.Schema:
    """The columns of a file with these optional ones and ``kept`` gaps an image."""
    lists = [("gaps", pa.list_(pa.float16(), kept)), *([("top", pa.list_(pa.int32(), kept))] if top else [])]
    numbers = [(name, pa.int32() if name in INTEGER_COLUMNS else pa.float32()) for name in (*BASE_COLUMNS, *optional)]
    return pa.schema([("id", pa.string()), *numbers, *lists])


def _schema(samples: Samples) -> pa.Schema:
    optional = [name for name in samples.columns.present() if name in OPTIONAL_COLUMNS]
    kept = 0 if samples.gaps is None else samples.gaps.shape[1]
    return parquet_schema(optional, kept, top=samples.top is not None)


def _metadata(content: Content) -> dict[str, Any]:
    samples = content.samples
    first = samples.complete and set(samples.columns.present()) == set(BASE_COLUMNS)
    return {
        "schema": 1 if first else 2,
        "condition": content.condition,
        "temperature": content.temperature,
        "array_hash": array_hash(content),
        **({} if first else {"classes": samples.classes}),
    }


def _read_metadata(table: pa.Table) -> dict[str, Any]:
    metadata = json.loads((table.schema.metadata or {})[b"prunarium"])
    keys = {1: _KEYS, 2: _KEYS | {"classes"}}
    if not isinstance(metadata, dict) or metadata.keys() != keys.get(metadata.get("schema", 0)):
        raise ValueError(f"its metadata are {metadata}")
    return metadata


def _read_samples(table: pa.Table, metadata: Mapping[str, Any]) -> Samples:
    names = table.schema.names
    optional = [name for name in OPTIONAL_COLUMNS if name in names] if metadata["schema"] > 1 else []
    kind = table.schema.field("gaps").type
    kept = kind.list_size if pa.types.is_fixed_size_list(kind) else 0
    top = metadata["schema"] > 1 and "top" in names
    if table.schema.remove_metadata() != parquet_schema(optional, kept, top=top):
        raise ValueError(f"its columns are {', '.join(f'{field.name} {field.type}' for field in table.schema)}")
    if any(column.null_count for column in table.columns):
        raise ValueError("it has empty cells")
    lists = {
        name: table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, kept)
        for name in _LISTS
        if name in names
    }
    classes = metadata.get("classes", kept)
    if not top and classes != kept:
        raise ValueError(f"it has {kept} gaps of {classes} classes")
    columns = {name: table[name].to_numpy() for name in (*BASE_COLUMNS, *optional)}
    return Samples(Columns(**columns), classes, **lists)


def _arrays(samples: Samples) -> dict[str, np.ndarray]:
    kept = {name: values for name in _LISTS if (values := getattr(samples, name)) is not None}
    return {**samples.columns.present(), **kept}
