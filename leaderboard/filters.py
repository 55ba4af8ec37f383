"""The links above a board: suite, architecture, sparsity band, budget, trust, and how many checkpoints each shows."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .catalogue import Catalogue, Entry
from .errors import BadViewError
from .sides import suite_cells
from .view import ALL, TRUST_LEVELS, BoardQuery, band_key, band_of

_Value = TypeVar("_Value", str, float)
# What a field of `Kept` is compared with.
_VALUES: dict[str, Callable[[Entry], Any]] = {
    "architecture": lambda entry: entry.model.architecture,
    "band": lambda entry: band_of(entry.model.sparsity_target),
    "epochs": lambda entry: entry.model.training_epochs,
}


@dataclass(frozen=True)
class Choice:
    """One link of a filter: its value in the address, what it says, how many checkpoints it shows."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Kept:
    """Which entries a view keeps; None keeps everything. ``found`` are the models that fit the query's terms."""

    architecture: str | None = None
    band: float | None = None
    epochs: float | None = None
    found: frozenset[str] | None = None

    def of(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of the entries that are in view."""
        kept = list(entries)
        for field, value_of in _VALUES.items():
            wanted = getattr(self, field)
            if wanted is not None:
                kept = [entry for entry in kept if value_of(entry) == wanted]
        found = self.found
        return kept if found is None else [entry for entry in kept if not found.isdisjoint(entry.names)]


@dataclass(frozen=True)
class Filters:
    """What was chosen (by the address or by default), and every alternative."""

    kept: Kept
    choices: dict[str, tuple[Choice, ...]]

    @property
    def architecture(self) -> str | None:
        """The architecture in view; None when all are."""
        return self.kept.architecture

    @property
    def band(self) -> float | None:
        """The sparsity band in view; None when all are."""
        return self.kept.band

    def label(self, name: str) -> str:
        """What the chosen link of a filter says; empty if none is chosen."""
        return next((choice.label for choice in self.choices.get(name, ()) if choice.chosen), "")


def choose_suite(catalogue: Catalogue, wanted: str | None) -> str | None:
    """The wanted suite (its version may be left out), else the one with most cells filled; None when there are none."""
    if wanted is not None:
        for ref in catalogue.suites:
            if wanted in (ref, ref.partition("@")[0]):
                return ref
        raise BadViewError(
            f"There is no suite {wanted!r}.", f"Known: {', '.join(catalogue.suites) or 'none yet: prunarium board'}."
        )
    filled = {
        ref: sum((task, protocol) in catalogue.trusts for task, protocol, _ in suite_cells(suite))
        for ref, suite in catalogue.suites.items()
    }
    return max(filled, key=lambda ref: filled[ref], default=None)


def entries_with(catalogue: Catalogue, suite_ref: str, trust: str) -> tuple[Entry, ...]:
    """Entries with a result of the wanted trust in the suite; dense ones are yardsticks and need no trust."""
    return catalogue.derived(("entries", suite_ref, trust), lambda: _entries_with(catalogue, suite_ref, trust))


def apply_filters(catalogue: Catalogue, query: BoardQuery, suite_ref: str, found: frozenset[str] | None) -> Filters:
    """Every alternative of the suite with its count under the other filters, and what is chosen."""
    trust = query.trust or ALL
    everything, trusted = _pruned(catalogue, suite_ref, ALL), _pruned(catalogue, suite_ref, trust)
    kept = _chosen(query, everything, found)
    architectures = [name for name, _ in Counter(entry.model.architecture for entry in everything).most_common()]
    of_architecture = Kept(kept.architecture).of(everything)
    bands = sorted({band_of(entry.model.sparsity_target) for entry in of_architecture})
    budgets = sorted({epochs for entry in of_architecture if (epochs := entry.model.training_epochs) is not None})

    def group(field: str, names: dict[Any, tuple[str, str]], base: Kept) -> tuple[Choice, ...]:
        """A link for every value, and one for all of them; one value alone is no choice unless it must be named."""
        links = {**names, None: (ALL, "all")} if len(names) > 1 else names
        counts = Counter(map(_VALUES[field], replace(base, **{field: None}).of(trusted)))
        return tuple(
            Choice(value, label, counts.total() if one is None else counts[one], getattr(kept, field) == one)
            for one, (value, label) in links.items()
        )

    # Another architecture has other bands and budgets: its link leads to its own choice of them.
    afresh = replace(kept, band=None, epochs=None)
    by_budget = {one: (f"{one:g}", f"{one:g} epochs") for one in budgets}
    choices = {
        "architecture": group(
            "architecture", {one: (one, catalogue.architecture_title(one)) for one in architectures}, afresh
        ),
        "sparsity": group("band", {one: (band_key(one), f"{one * 100:.4g} %") for one in bands}, kept),
        "budget": group("epochs", by_budget if len(by_budget) > 1 else {}, kept),
        "trust": tuple(
            Choice(level, level, len(kept.of(_pruned(catalogue, suite_ref, level))), level == trust)
            for level in TRUST_LEVELS
        ),
        "suite": tuple(
            Choice(ref, ref, len(_pruned(catalogue, ref, ALL)), ref == suite_ref) for ref in catalogue.suites
        ),
    }
    return Filters(kept, choices)


def _chosen(query: BoardQuery, everything: Iterable[Entry], found: frozenset[str] | None) -> Kept:
    """What the address says, else the architecture with most checkpoints at 90 % or its commonest sparsity."""
    everything = list(everything)
    architecture = None if query.architecture == ALL else query.architecture
    if query.architecture is None:
        architecture = _commonest(entry.model.architecture for entry in everything)
    band = query.band()
    if query.sparsity is None:
        bands = [band_of(entry.model.sparsity_target) for entry in Kept(architecture).of(everything)]
        band = 0.9 if 0.9 in bands else _commonest(bands)
    return Kept(architecture, band, query.epochs(), found)


def _commonest(values: Iterable[_Value]) -> _Value | None:
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def _entries_with(catalogue: Catalogue, suite_ref: str, trust: str) -> tuple[Entry, ...]:
    suite, trusted = catalogue.suites[suite_ref], TRUST_LEVELS[trust]
    names = {
        name
        for task, protocol, _ in suite_cells(suite)
        for name, trusts in catalogue.trusts.get((task, protocol), {}).items()
        if trusted is None or not trusts.isdisjoint(trusted) or catalogue.models[name].sparsity_target == 0
    }
    return tuple(entry for entry in catalogue.entries if any(model.name in names for model in entry.models))


def _pruned(catalogue: Catalogue, suite_ref: str, trust: str) -> list[Entry]:
    return catalogue.derived(
        ("pruned", suite_ref, trust),
        lambda: [entry for entry in entries_with(catalogue, suite_ref, trust) if not entry.is_dense],
    )
