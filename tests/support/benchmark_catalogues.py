"""Catalogues with real digit models in them, and the shortest way to put jobs into their queue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benchmark.order import WorkOrder
from benchmark.sync import sync_benchmark
from registry import jobs, queries
from registry.catalogue_entries import checkpoint_record, model_record
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import JobRecord, ResultRecord
from registry.settings import Settings, load_settings
from zoo.checkpoint.folder import ModelFolder
from zoo.checkpoint.passport import measure

Cell = tuple[str, str]
UPSTREAM: Cell = ("digits-0-4@1", "as-published@1")
COST: Cell = ("cost@1", "as-published@1")
LINEAR: Cell = ("digits-5-9@1", "linear@1")
FULL: Cell = ("digits-5-9@1", "full@1")
IMPOSSIBLE: Cell = ("digits-5-9@1", "as-published@1")  # the model knows other classes: fails as bad_model


@dataclass(frozen=True)
class DigitCatalogue:
    """A catalogue in its own home, the folder of its models, and the checkpoint number of each model folder."""

    settings: Settings
    engine: Engine
    folders: Path
    checkpoints: tuple[int, ...]

    def enqueue(self, cells: Iterable[Cell], checkpoints: Sequence[int] | None = None) -> list[int]:
        """Job numbers of every cell for every checkpoint, seed 0."""
        with session_scope(self.engine, write=True) as session:
            return [
                jobs.enqueue(session, checkpoint, task, protocol, 0)[0]
                for checkpoint in checkpoints or self.checkpoints
                for task, protocol in cells
            ]

    def order(self, job_ids: Sequence[int], **given: Any) -> WorkOrder:
        """A work order for these jobs, with the models taken from their folders."""
        return WorkOrder.from_settings(
            self.settings, folders=str(self.folders), job_ids=tuple(job_ids), poll_seconds=0.05, **given
        )

    def jobs(self, job_ids: Sequence[int]) -> list[JobRecord]:
        """What became of the jobs."""
        with session_scope(self.engine) as session:
            return [queries.get_job(session, job_id) for job_id in job_ids]

    def results(self, **filters: Any) -> list[ResultRecord]:
        """Results with their replicates."""
        with session_scope(self.engine) as session:
            return queries.results(session, with_replicates=True, **filters)


def digit_catalogue(home: Path, models: Sequence[ModelFolder], database_url: str = "") -> DigitCatalogue:
    """A new catalogue under ``home``, or in the database, that knows ``models``, which lie in one folder."""
    settings = load_settings({"PRUNARIUM_HOME": str(home), "PRUNARIUM_DATABASE_URL": database_url})
    engine = open_catalogue(settings)
    sync_benchmark(engine)
    with session_scope(engine, write=True) as session:
        checkpoints = [
            queries.register_checkpoint(
                session,
                queries.upsert_model(session, model_record(model.provenance, f"test/{model.path.name}")),
                checkpoint_record(model.config, measure(model.weights, model.config)),
            )
            for model in models
        ]
    return DigitCatalogue(settings, engine, models[0].path.parent, tuple(checkpoints))


def table_of(results: Iterable[ResultRecord]) -> list[tuple[Any, ...]]:
    """What must be equal in two runs: everything but what a clock or a meter says, numbers of rows and times."""
    return [
        (
            row.model, row.task, row.protocol, row.metric, row.condition, row.seed, row.value, row.missing_reason,
            row.n, row.ci_low, row.ci_high, row.interval_method, row.no_interval_reason, row.replicates, row.trust,
            dict(row.provenance),
        )
        for row in results
        if not row.metric.startswith(("latency", "throughput", "energy"))
    ]  # fmt: skip
