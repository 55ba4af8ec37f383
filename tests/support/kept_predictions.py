"""Catalogues whose evaluations were made of logits, not by networks: through the queue, scored and kept as always."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine

from benchmark.answers import answers_of
from benchmark.job import job_of
from benchmark.logits import Logits
from benchmark.predictions import Predictions
from benchmark.protocols import PROTOCOLS
from benchmark.results import read_predictions, result_record
from benchmark.scoring import score
from benchmark.sync import sync_benchmark
from benchmark.tasks import find_task
from registry import jobs, queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import CheckpointRecord, ModelRecord, PredictionRecord
from registry.settings import Settings, load_settings

TRANSFER, SHIFT, OOD = "digits-5-9@1", "digits-c-like@1", "digits-ood@1"
DENSE, SPARSE = "dense/resnet8-digits/0.00", "gmp/resnet8-digits/0.90"
PROVENANCE = {
    "preprocessing": {},
    "batch_divisor": 1,
    "notes": {},
    "device": "cpu of a test",
    "threads": 1,
    "packages": {"numpy": "2.0.0"},
    "code_version": "0.0.1",
}


@dataclass(frozen=True)
class Kept:
    """A catalogue in its own home, and the number of the checkpoint of each model."""

    settings: Settings
    engine: Engine
    checkpoints: Mapping[str, int] = field(default_factory=dict)

    def add(
        self,
        model: str,
        logits: Mapping[str, npt.NDArray[np.floating[Any]]],
        labels: npt.NDArray[np.int64] | None,
        *,
        task: str = TRANSFER,
        protocol: str = "linear@1",
        seed: int = 0,
        **kept: Any,
    ) -> int:
        """An evaluation that gave these logits, by condition; returns the number of its job."""
        blobs = BlobStore(self.settings.blobs)
        stored = [_put(blobs, task, condition, values, labels, kept) for condition, values in logits.items()]
        with session_scope(self.engine, write=True) as session:
            jobs.enqueue(session, self.checkpoints[model], task, protocol, seed)
            record = jobs.claim(session, "test-worker")
            if record is None:
                raise AssertionError("the queue gave no job")
            cells = score(find_task(task), read_predictions(stored, blobs))
            stated = {
                "config_hash": PROTOCOLS[protocol]().config_hash(),
                "data_sha256": dict(find_task(task).data_sha256()),
                **PROVENANCE,
            }
            rows = [result_record(job_of(record), cell, stated) for cell in cells]
            jobs.finish(session, record.id, record.attempt, "test-worker", rows, stored)
        return record.id


@contextmanager
def kept_predictions(home: Path, models: Sequence[str] = (DENSE, SPARSE), **environ: str) -> Iterator[Kept]:
    """A catalogue that knows tasks and protocols and these models, the first the dense parent of the others."""
    settings = load_settings({"PRUNARIUM_HOME": str(home), **environ})
    engine = open_catalogue(settings)
    sync_benchmark(engine)
    with session_scope(engine, write=True) as session:
        checkpoints = {
            name: queries.register_checkpoint(
                session, queries.upsert_model(session, _model(name, models[0])), _checkpoint(number)
            )
            for number, name in enumerate(models)
        }
    yield Kept(settings, engine, checkpoints)
    engine.dispose()


def pair_of_logits(
    n: int = 300, classes: int = 5, changed: float = 0.1, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """A good model's logits, those of one that is noisier on a share of the images, and the labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    first = generator.normal(size=(n, classes))
    first[np.arange(n), labels] += 2.5
    second = first + (generator.random((n, 1)) < changed) * generator.normal(0, 3, (n, classes))
    return first.astype(np.float32), second.astype(np.float32), labels


def ids_of_images(n: int) -> list[str]:
    """Permanent ids, in order."""
    return [f"image-{number:05d}" for number in range(n)]


def _put(
    blobs: BlobStore,
    task: str,
    condition: str,
    values: npt.NDArray[np.floating[Any]],
    labels: npt.NDArray[np.int64] | None,
    kept: Mapping[str, Any],
) -> PredictionRecord:
    predictions = Predictions.from_logits(ids_of_images(len(values)), labels, Logits(values), condition, **kept)
    data = predictions.to_parquet()
    return PredictionRecord(
        condition=condition,
        blob_sha256=blobs.put(data),
        array_hash=predictions.array_hash(),
        size_bytes=len(data),
        n=len(predictions),
        sparsity_before=0.9,
        sparsity_after=0.9,
        answers=answers_of(predictions, task),
    )


def _model(name: str, parent: str) -> ModelRecord:
    method, architecture, sparsity = name.split("/")
    return ModelRecord(
        slug=name,
        title=name,
        owner="tests",
        method=method,
        architecture=architecture,
        sparsity_target=float(sparsity[:4]),
        parent=None if name == parent else parent,
        availability="unknown",
    )


def _checkpoint(number: int) -> CheckpointRecord:
    return CheckpointRecord(
        densified_hash=f"d1:{number:064x}",
        architecture="resnet8-digits",
        preprocessing_hash="e" * 64,
        preprocessing={},
        bytes_dense=400,
        nonzeros=10,
        elements=100,
        prunable_nonzeros=9,
        prunable_elements=90,
        layers=(),
        pattern="unstructured",
        mask_hash=f"m1:{number:064x}",
    )
