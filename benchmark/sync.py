"""What the site must know of the plugins, written into the catalogue: a page never imports the code it is about."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.db.session import session_scope
from registry.records import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)
from registry.reported import load_reported

from .metrics import METRICS
from .shifts import SHIFTS
from .suites import load_suites
from .tasks import known_tasks


def sync(engine: Engine) -> dict[str, int]:
    """Write every plugin's facts and the published rows; returns how many of each kind the catalogue now knows of.

    Writing again changes nothing. Raises :class:`~registry.errors.ImmutableRowError` when a version that was written
    before has changed its meaning. Without torch the parts that need it are left out, and so are their keys.
    """
    counts = sync_plugins(engine)
    with session_scope(engine, write=True) as session:
        loaded = load_reported(session)
    return {**counts, "reported_models": loaded.models, "reported_results": loaded.results}


def sync_plugins(engine: Engine) -> dict[str, int]:
    """All of :func:`sync` but the published rows: what a submission is judged and called by, in a second."""
    return _write(engine, {**_OURS, "architectures": _write_architectures, "methods": _write_methods})


def sync_benchmark(engine: Engine) -> dict[str, int]:
    """The part of :func:`sync` without which no job can be queued: metrics, tasks, protocols and suites."""
    return _write(engine, _OURS)


def _write(engine: Engine, writers: Mapping[str, Callable[[Session], int]]) -> dict[str, int]:
    counts = {}
    with session_scope(engine, write=True) as session:
        for kind, write in writers.items():
            try:
                counts[kind] = write(session)
            except ModuleNotFoundError as error:
                # The base install has no torch: it lists and shows, and never evaluates.
                if error.name != "torch":
                    raise
    return counts


def _write_metrics(session: Session) -> int:
    for _, metric in METRICS.items():
        queries.upsert_metric(
            session,
            MetricRecord(
                name=metric.name,
                version=metric.version,
                title=metric.title,
                unit=metric.unit,
                direction=metric.direction,
                lower_bound=metric.lower_bound,
                upper_bound=metric.upper_bound,
                definition=metric.definition,
                source=metric.source,
            ),
        )
    return len(METRICS)


def _write_tasks(session: Session) -> int:
    tasks = known_tasks()
    for task in tasks:
        queries.upsert_task(
            session,
            TaskRecord(
                name=task.name,
                version=task.version,
                kind=task.kind,
                title=task.title,
                classes=task.classes,
                n_test=task.n_test,
                primary_metric=task.primary_metric,
                licence=task.licence,
                citation=task.citation,
                source=task.source,
                manifest=task.manifest(),
            ),
        )
    for _, shift in SHIFTS.items():
        queries.upsert_shift(
            session,
            ShiftRecord(
                task=shift.id,
                source_task=shift.source_task,
                regenerated=shift.regenerated,
                conditions=shift.conditions,
            ),
        )
    return len(tasks)


def _write_protocols(session: Session) -> int:
    from .protocols import PROTOCOLS

    for _, protocol in PROTOCOLS.items():
        facts = protocol.facts
        queries.upsert_protocol(
            session,
            ProtocolRecord(
                name=facts.name,
                version=facts.version,
                kind=facts.kind,
                title=facts.title,
                facts={
                    "summary": facts.summary,
                    "trains": facts.trains,
                    "seeded": facts.seeded,
                    "task_kinds": list(facts.task_kinds),
                    "source": facts.source,
                    "config": asdict(protocol().config),
                },
            ),
        )
    return len(PROTOCOLS)


def _write_suites(session: Session) -> int:
    suites = load_suites()
    for suite in suites.values():
        record = SuiteRecord(name=suite.name, version=suite.version, title=suite.title, content=suite.content())
        queries.upsert_suite(session, record)
    return len(suites)


def _write_methods(session: Session) -> int:
    from zoo.controls import CONTROLS
    from zoo.methods import METHODS

    methods = [*METHODS.items(), *CONTROLS.items()]
    for name, method in methods:
        facts = {key: _plain(value) for key, value in vars(method.facts).items()}
        title, family, paper = (facts.pop(key) for key in ("title", "family", "paper"))
        queries.upsert_method(session, MethodRecord(name=name, title=title, family=family, paper=paper, facts=facts))
    return len(methods)


def _write_architectures(session: Session) -> int:
    from zoo.architectures import ARCHITECTURES

    for name, entry in ARCHITECTURES.items():
        queries.upsert_architecture(
            session,
            ArchitectureRecord(
                name=name,
                title=entry.title,
                input_size=entry.preprocessing.input_size,
                parameters=entry.parameters,
                timm_name=entry.timm_name,
                source=entry.source,
            ),
        )
    return len(ARCHITECTURES)


_OURS: Mapping[str, Callable[[Session], int]] = {
    "metrics": _write_metrics,
    "tasks": _write_tasks,
    "protocols": _write_protocols,
    "suites": _write_suites,
}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
