"""One consistent reading of the catalogue, held in memory until the catalogue changes."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.contamination import named_data, seen_tasks, warning
from registry.db.session import session_scope
from registry.queries.overview import catalogue_fingerprint, published_models
from registry.queries.training_data import training_data
from registry.records import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    ResultRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)

_REPLICATE = re.compile(r"-s\d+$")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Entry:
    """One line of a board: a model, or several that differ in nothing but the seed they were made with."""

    key: str
    models: tuple[ModelRecord, ...]

    @cached_property
    def model(self) -> ModelRecord:
        """The first replicate: what holds for it holds for all, apart from numbers."""
        return self.models[0]

    @cached_property
    def names(self) -> frozenset[str]:
        """Of all replicates."""
        return frozenset(model.name for model in self.models)

    @cached_property
    def is_dense(self) -> bool:
        """Whether nothing was pruned."""
        return self.model.sparsity_target == 0


@dataclass(frozen=True)
class Catalogue:
    """Everything that boards and listings need, by name; ``published`` models have a Hub revision, ``sizes`` are the
    bytes of their smallest files, ``trained_on`` the data that they are declared to have seen besides their upstream
    data (whose tasks stand in their caveats).

    ``version`` depends on the contents alone; ``methods`` are the newest versions, ``reported_methods`` those of the
    published rows, which may mean another variant by the same name.
    """

    version: str
    models: Mapping[str, ModelRecord]
    methods: Mapping[str, MethodRecord]
    reported_methods: Mapping[str, MethodRecord]
    architectures: Mapping[str, ArchitectureRecord]
    protocols: Mapping[str, ProtocolRecord]
    tasks: Mapping[str, TaskRecord]
    shifts: Mapping[str, ShiftRecord]
    metrics: Mapping[str, MetricRecord]
    suites: Mapping[str, SuiteRecord]
    results: tuple[ResultRecord, ...]
    published: frozenset[str]
    sizes: Mapping[str, int]
    trained_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Models grouped by replicate, in the order of the catalogue."""
        groups: dict[str, list[ModelRecord]] = defaultdict(list)
        for model in self.models.values():
            groups[_REPLICATE.sub("", model.name)].append(model)
        return tuple(
            Entry(key, tuple(sorted(models, key=lambda model: (model.replicate, model.name))))
            for key, models in groups.items()
        )

    @cached_property
    def _derived(self) -> dict[Hashable, Any]:
        return {}

    def derived(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What ``make`` works out from this catalogue alone, kept under ``key`` for as long as the catalogue lives."""
        if key not in self._derived:
            self._derived[key] = make()
        made: _Made = self._derived[key]
        return made

    @cached_property
    def _entry_by_model(self) -> dict[str, Entry]:
        return {model.name: entry for entry in self.entries for model in entry.models}

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str, str], list[ResultRecord]]:
        cells: dict[tuple[str, str, str, str], list[ResultRecord]] = defaultdict(list)
        for result in self.results:
            cells[result.model, result.task, result.protocol, result.metric].append(result)
        return cells

    @cached_property
    def _whole_cells(self) -> dict[tuple[str, str, str, str], list[ResultRecord]]:
        """The cells without the parts of a shift."""
        whole = {key: [one for one in results if not one.condition] for key, results in self._cells.items()}
        return {key: results for key, results in whole.items() if results}

    @cached_property
    def trusts(self) -> dict[tuple[str, str], dict[str, set[str]]]:
        """The models that have a result of a task by a protocol, each with how its results came about."""
        found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
        for model, task, protocol, metric in self._cells:
            held = found[task, protocol].setdefault(model, set())
            held.update(result.trust for result in self._cells[model, task, protocol, metric])
        return found

    @cached_property
    def measured_metrics(self) -> frozenset[tuple[str, str]]:
        """(task, metric) pairs of which some model has a value."""
        return frozenset(
            (task, metric)
            for (_, task, _, metric), results in self._cells.items()
            if any(result.value is not None for result in results)
        )

    @cached_property
    def _by_model(self) -> dict[str, list[ResultRecord]]:
        return _grouped(self.results, "model")

    @cached_property
    def _by_task(self) -> dict[str, list[ResultRecord]]:
        return _grouped(self.results, "task")

    def entry_of(self, model: str) -> Entry:
        """The line that a model is part of."""
        return self._entry_by_model[model]

    def cell(self, model: str, task: str, protocol: str, metric: str) -> list[ResultRecord]:
        """The results of one model in one cell: one per seed and condition."""
        return self._cells.get((model, task, protocol, metric), [])

    def whole_cell(self, model: str, task: str, protocol: str, metric: str) -> list[ResultRecord]:
        """The same without the parts of a shift: one per seed."""
        return self._whole_cells.get((model, task, protocol, metric), [])

    def results_of(self, model: str) -> list[ResultRecord]:
        """All results of a model."""
        return self._by_model.get(model, [])

    def results_on(self, task: str) -> list[ResultRecord]:
        """All results on a task."""
        return self._by_task.get(task, [])

    def architecture_title(self, name: str) -> str:
        """How people call it; the name itself for one that is not recorded."""
        known = self.architectures.get(name)
        return known.title if known is not None else name

    def method_of(self, model: ModelRecord) -> MethodRecord | None:
        """The method as the model's row calls it: where all numbers are published ones, as the publication did."""
        trusts = {result.trust for result in self.results_of(model.name)}
        if trusts and trusts <= {"reported", "derived"}:
            return self.reported_methods.get(model.method) or self.methods.get(model.method)
        return self.methods.get(model.method)

    def method_title(self, model: ModelRecord) -> str:
        """How people call the method of a model; its name for one that is not recorded."""
        known = self.method_of(model)
        return known.title if known is not None else model.method

    def parent_of(self, model: ModelRecord) -> ModelRecord | None:
        """The dense model it was pruned from; None where none is recorded: another one would be a guess."""
        return self.models.get(model.parent) if model.parent is not None else None


def read_catalogue(session: Session, before: Catalogue | None = None) -> Catalogue:
    """All records of one transaction; results that ``before`` holds are not read again."""
    tasks = {f"{one.name}@{one.version}": one for one in queries.list_tasks(session)}
    declared = training_data(session)
    models = {model.name: model for model in queries.list_models(session, only_shown=True)}
    results = _read_results(session, models, before)
    return Catalogue(
        version=catalogue_fingerprint(session),
        models=_with_warnings(models, declared, tasks, results),
        methods={one.name: one for one in queries.list_methods(session)},
        reported_methods={one.name: one for one in queries.list_methods(session, version=0)},
        architectures={one.name: one for one in queries.list_architectures(session)},
        protocols={f"{one.name}@{one.version}": one for one in queries.list_protocols(session)},
        tasks=tasks,
        shifts={shift.task: shift for shift in queries.list_shifts(session)},
        metrics={f"{one.name}@{one.version}": one for one in queries.list_metrics(session)},
        suites={f"{one.name}@{one.version}": one for one in queries.list_suites(session)},
        results=results,
        published=published_models(session),
        sizes=queries.field_values(session, "bytes"),
        trained_on=declared,
    )


def _with_warnings(
    models: Mapping[str, ModelRecord],
    declared: Mapping[str, tuple[str, ...]],
    tasks: Mapping[str, TaskRecord],
    results: Iterable[ResultRecord],
) -> dict[str, ModelRecord]:
    """The models; to the caveats of those that have seen a task's data before is added which."""
    transfer = {ref: task.name for ref, task in sorted(tasks.items()) if task.kind == "transfer"}
    by_data: dict[tuple[str, ...], dict[str, str]] = {}
    measured: dict[str, set[str]] = defaultdict(set)
    for result in results:
        measured[result.model].add(result.task)
    found = dict(models)
    for name, refs in measured.items():
        data = (*declared.get(name, ()), *named_data(models[name].upstream_data))
        seen = by_data[data] if data in by_data else by_data.setdefault(data, seen_tasks(data, transfer))
        words = warning({ref: what for ref, what in seen.items() if ref in refs})
        if words is not None:
            caveat = models[name].caveat
            found[name] = replace(models[name], caveat=f"{caveat} {words}" if caveat else words)
    return found


def _read_results(
    session: Session, models: Mapping[str, ModelRecord], before: Catalogue | None
) -> tuple[ResultRecord, ...]:
    """In the order of :func:`registry.queries.results`."""
    known: dict[int, ResultRecord] = {}
    if before is not None and all(name in models and models[name].id == one.id for name, one in before.models.items()):
        known = {result.id: result for result in before.results if result.id is not None}
    found = queries.current_results(session, known).values()
    return tuple(sorted((result for result in found if result.model in models), key=_place))


def _place(result: ResultRecord) -> tuple[str, str, str, str, str, int, int]:
    seed = -1 if result.seed is None else result.seed
    return result.model, result.task, result.protocol, result.metric, result.condition, seed, result.id or 0


class CatalogueCache:
    """The newest :class:`Catalogue`: read again when the catalogue's version changed, shared by all requests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._held: tuple[str, Catalogue] | None = None

    def current(self) -> Catalogue:
        """The catalogue as of now. Raises :class:`registry.errors.CatalogueError`."""
        with session_scope(self._engine) as session:
            version = queries.catalogue_version(session)
            held = self._held
            if held is None or held[0] != version:
                held = version, read_catalogue(session, held[1] if held is not None else None)
                with self._lock:
                    self._held = held
        return held[1]


def _grouped(results: tuple[ResultRecord, ...], field: str) -> dict[str, list[ResultRecord]]:
    groups: dict[str, list[ResultRecord]] = defaultdict(list)
    for result in results:
        groups[getattr(result, field)].append(result)
    return groups
