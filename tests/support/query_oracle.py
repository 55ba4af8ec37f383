"""What a query means, told a second time: plain Python over plain values, slow and without SQL.

Written from docs/queries.md. A catalogue is a list of :class:`Shelf`: a model with its checkpoints, files and results
as they were registered, one after the other.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.query import Comparison, Has, Query, Range, Term, Word
from registry.records import CheckpointRecord, ModelRecord, ResultRecord

TEXTS = {
    "name", "method", "family", "architecture", "owner", "parent", "licence", "pattern", "availability", "trust",
    "upstream", "trained_on",
}  # fmt: skip
FRACTIONS = {"sparsity", "sparsity.prunable", "sparsity.total", "sparsity.stored", "upstream_top1"}


@dataclass
class Shelf:
    """One model; ``files`` are (index of the checkpoint, sparse or not, bytes) in the order of their publication."""

    model: ModelRecord
    checkpoints: list[CheckpointRecord] = field(default_factory=list)
    files: list[tuple[int, bool, int]] = field(default_factory=list)
    results: list[tuple[int | None, ResultRecord]] = field(default_factory=list)
    superseded: set[int] = field(default_factory=set)
    trained_on: tuple[str, ...] = ()

    @property
    def current(self) -> int | None:
        """The checkpoint published last, or else registered last."""
        if self.files:
            return self.files[-1][0]
        return len(self.checkpoints) - 1 if self.checkpoints else None

    def counted(self) -> list[ResultRecord]:
        """Results with a value that nothing supersedes, published or of the current checkpoint."""
        return [
            result
            for place, (checkpoint, result) in enumerate(self.results)
            if place not in self.superseded and result.value is not None and checkpoint in (None, self.current)
        ]


class AmbiguousError(Exception):
    """The query does not say which protocol."""


@dataclass
class Oracle:
    """Answers over ``shelves``; ``families`` and ``parameters`` are those of the methods and architectures."""

    shelves: list[Shelf]
    families: dict[str, str]
    parameters: dict[str, int]
    fractions: set[str]

    def answer(self, query: Query) -> list[str]:
        """Names of the models that fit, in order. Raises :class:`AmbiguousError`."""
        cells = {name: self.cell(name) for name in query.fields if name not in TEXTS and self._is_metric(name)}
        found = [shelf for shelf in self.shelves if all(self._fits(shelf, term, cells) for term in query.terms)]
        found.sort(key=_usual)
        for sort in reversed(query.sort):
            values = {id(shelf): self._sortable(shelf, sort.field, cells) for shelf in found}
            known = [shelf for shelf in found if values[id(shelf)] is not None]
            unknown = [shelf for shelf in found if values[id(shelf)] is None]
            # Python keeps equal ones in their order, also when it sorts in reverse.
            known.sort(key=lambda shelf: values[id(shelf)], reverse=sort.descending)
            found = known + unknown
        return [shelf.model.name for shelf in found]

    def cell(self, name: str) -> tuple[str, str, str] | None:
        """Task, protocol and metric with versions that a metric of a query means."""
        left, _, right = name.partition(".")
        task, _, task_version = left.partition("@")
        metric, *rest = right.split("@")
        metric_version = rest.pop(0) if rest and rest[0].isdigit() else ""
        protocol, protocol_version = (*rest, "", "")[:2]
        whole = [
            result
            for shelf in self.shelves
            for place, (_, result) in enumerate(shelf.results)
            if place not in shelf.superseded and result.value is not None and not result.condition
        ]
        wanted: list[tuple[Callable[[ResultRecord], str], str, str]] = [
            (lambda result: result.task, task, task_version),
            (lambda result: result.metric, metric, metric_version),
            (lambda result: result.protocol, protocol, protocol_version),
        ]
        for of, what, version in wanted:
            if what:
                whole = [one for one in whole if of(one).partition("@")[0] == what]
            if version:
                whole = [one for one in whole if of(one).partition("@")[2] == version]
        for of, _, _ in wanted[:2]:
            whole = _newest(whole, of)
        if len({one.protocol.partition("@")[0] for one in whole}) > 1:
            raise AmbiguousError(name)
        whole = _newest(whole, wanted[2][0])
        return (whole[0].task, whole[0].protocol, whole[0].metric) if whole else None

    def value(self, shelf: Shelf, name: str, cells: dict[str, tuple[str, str, str] | None]) -> float | None:
        """The value of a number, None where it is unknown."""
        if name in cells:
            cell = cells[name]
            values = [
                result.value
                for result in shelf.counted()
                if (result.task, result.protocol, result.metric) == cell and not result.condition
            ]
            known = [value for value in values if value is not None]
            return sum(known) / len(known) if known else None
        return self._number(shelf, name)

    def _number(self, shelf: Shelf, name: str) -> float | None:
        model, current = shelf.model, shelf.current
        plain = {
            "sparsity": model.sparsity_target, "replicate": model.replicate, "epochs": model.training_epochs,
            "upstream_top1": model.upstream_top1,
        }  # fmt: skip
        if name in plain:
            return plain[name]
        if current is None:
            return self.parameters.get(model.architecture) if name == "parameters" else None
        checkpoint = shelf.checkpoints[current]
        sizes = [size for of, sparse, size in shelf.files if of == current and (sparse or name == "bytes")]
        if name in ("bytes", "bytes.sparse"):
            return min(sizes, default=None)
        attribute = {
            "sparsity.prunable": "sparsity_prunable", "sparsity.total": "sparsity_total",
            "sparsity.stored": "sparsity_stored", "bytes.dense": "bytes_dense", "parameters": "elements",
            "flops": "flops_sparse", "flops.dense": "flops_dense",
        }.get(name, name)  # fmt: skip
        number: float | None = getattr(checkpoint, attribute)
        return number

    def _words(self, shelf: Shelf, name: str) -> set[str]:
        """The texts of a field: several for names and trust."""
        model = shelf.model
        parent = next((one.model for one in self.shelves if one.model.name == model.parent), None)
        values: dict[str, Sequence[str | None]] = {
            "name": (model.slug, model.hub_id),
            "parent": (parent.slug, parent.hub_id) if parent else (),
            "family": (self.families.get(model.method),),
            "trust": [result.trust for result in shelf.counted()],
            "upstream": (model.upstream_data,),
            "trained_on": (model.upstream_data, *shelf.trained_on),
        }
        return {value for value in values.get(name, (getattr(model, name, None),)) if value is not None}

    def _fits(self, shelf: Shelf, term: Term, cells: dict[str, tuple[str, str, str] | None]) -> bool:
        return self._matches(shelf, term, cells) != term.negated

    def _matches(self, shelf: Shelf, term: Term, cells: dict[str, tuple[str, str, str] | None]) -> bool:
        if isinstance(term, Word):
            model = shelf.model
            names = (model.slug, model.hub_id, model.title, model.method, model.architecture, model.owner)
            return any(_lower(term.text) in _lower(name) for name in names if name is not None)
        if term.field in TEXTS:
            words = {_lower(word) for word in self._words(shelf, term.field)}
            if isinstance(term, Has) or not words:
                return bool(words)
            asked = {_lower(value) for value in term.values if isinstance(value, str)}
            return bool(words & asked) == (term.operator == "=")
        value = self.value(shelf, term.field, cells)
        if isinstance(term, Has) or value is None:
            return value is not None
        if term.field == "sparsity":
            return _compares(term, value, 5e-3, 5e-3)
        is_fraction, is_mean = self._is_fraction(term.field, cells), term.field in cells
        return _compares(term, value, 5e-4 if is_fraction else None, None if is_fraction or is_mean else 0.0)

    def _is_fraction(self, name: str, cells: dict[str, tuple[str, str, str] | None]) -> bool:
        cell = cells.get(name)
        return name in FRACTIONS or (cell is not None and cell[2] in self.fractions)

    def _sortable(self, shelf: Shelf, name: str, cells: dict[str, tuple[str, str, str] | None]) -> Any:
        if name == "name":
            return shelf.model.name.encode()
        if name in TEXTS:
            words = self._words(shelf, name)
            return min(words).encode() if words else None
        value = self.value(shelf, name, cells)
        return value if value is None or name not in cells else round(value * 1e9)

    @staticmethod
    def _is_metric(name: str) -> bool:
        return "." in name and name.partition(".")[0] not in ("sparsity", "bytes", "flops")


def _compares(term: Comparison, value: float, same: float | None, slack: float | None) -> bool:
    """``same``: how far its equals may be from a single number; ``slack``: how far beyond a bound (None: rounding)."""

    def near(bound: float) -> float:
        return 1e-9 * max(1.0, abs(bound)) if slack is None else slack

    def inside(wanted: Range) -> bool:
        low, high = wanted.low, wanted.high
        if low is not None and low == high:
            return abs(value - low) <= (near(low) if same is None else same)
        above = low is None or value >= low - near(low)
        return above and (high is None or value <= high + near(high))

    ranges = [one for one in term.values if isinstance(one, Range)]
    if term.operator in ("=", "!="):
        return any(map(inside, ranges)) == (term.operator == "=")
    bound = ranges[0].low
    assert bound is not None
    equal = abs(value - bound) <= near(bound)
    return {
        "<": value < bound and not equal, "<=": value < bound or equal,
        ">": value > bound and not equal, ">=": value > bound or equal,
    }[term.operator]  # fmt: skip


def _newest(results: list[ResultRecord], of: Callable[[ResultRecord], str]) -> list[ResultRecord]:
    """Those of the highest number, else of the version with most results."""
    versions = [of(one).partition("@")[2] for one in results]
    numbers = [int(version) for version in versions if version.isdigit()]
    if numbers:
        chosen = str(max(numbers))
    else:
        chosen = min(set(versions), key=lambda version: (-versions.count(version), version), default="")
    return [one for one in results if of(one).partition("@")[2] == chosen]


def _usual(shelf: Shelf) -> tuple[Any, ...]:
    model = shelf.model
    return (
        model.architecture.encode(), model.method.encode(), model.sparsity_target, model.replicate, model.name.encode()
    )  # fmt: skip


def _lower(text: str) -> str:
    return "".join(one.lower() if one in string.ascii_uppercase else one for one in text)
