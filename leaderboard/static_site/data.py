"""The public tables of the catalogue as SQLite and Parquet: no account, no token, no submission."""

from pathlib import Path

from sqlalchemy import Engine

from registry import queries
from registry.db.backup import into_one_file
from registry.db.copying import catalogue_tables, replace_rows
from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope

_PUBLIC = (
    "method", "architecture", "recipe", "protocol", "task", "shift", "suite", "metric", "model", "checkpoint",
    "checkpoint_revision", "job", "result", "image_set", "prediction",
)  # fmt: skip
_LEFT_OUT = ("replicates", "provenance")


def write_sqlite(engine: Engine, path: Path) -> None:
    """The public tables as a catalogue of their own: ``prunarium serve`` and Datasette open it."""
    copy = make_engine(f"sqlite:///{path}")
    try:
        upgrade(copy)
        with engine.connect() as source, copy.begin() as target:
            replace_rows(source, target, [table for table in catalogue_tables(target) if table.name in _PUBLIC])
        with session_scope(copy, write=True) as session:
            queries.remove_unshown(session)
    finally:
        copy.dispose()
    into_one_file(path)


def write_parquet(engine: Engine, folder: Path) -> None:
    """``models.parquet`` and ``results.parquet``: a row each, named as in the API, without bootstrap replicates."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with session_scope(engine) as session:
        models = queries.list_models(session, only_shown=True)
        shown = {model.name for model in models}
        results = [result for result in queries.results(session) if result.model in shown]
    for name, records in (("models", models), ("results", results)):
        rows = [{key: value for key, value in vars(one).items() if key not in _LEFT_OUT} for one in records]
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet", compression="zstd")
