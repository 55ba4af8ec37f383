"""The links above a board: suite, architecture, sparsity band, trust, and how many checkpoints each shows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from registry.records import SuiteRecord

from .catalogue import Catalogue, Entry
from .errors import BadViewError
from .sides import suite_cells
from .view import ALL, TRUST_LEVELS, BoardQuery, band_key, band_of


@dataclass(frozen=True)
class Choice:
    """One link of a filter: its value in the address, what it says, how many checkpoints it shows."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Filters:
    """What was chosen (by the address or by default), and every alternative."""

    architecture: str | None
    band: float | None
    choices: dict[str, tuple[Choice, ...]]

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
    seen = {(result.task, result.protocol) for result in catalogue.results}
    filled = {
        ref: sum((task, protocol) in seen for task, protocol, _ in suite_cells(suite))
        for ref, suite in catalogue.suites.items()
    }
    return max(filled, key=lambda ref: filled[ref], default=None)


def entries_with(catalogue: Catalogue, suite: SuiteRecord, trusted: Sequence[str] | None) -> list[Entry]:
    """Entries with a result of the wanted trust in the suite; dense ones are yardsticks and need no trust."""
    pairs = {(task, protocol) for task, protocol, _ in suite_cells(suite)}
    names = {
        result.model
        for result in catalogue.results
        if (result.task, result.protocol) in pairs
        and (trusted is None or result.trust in trusted or catalogue.models[result.model].sparsity_target == 0)
    }
    return [entry for entry in catalogue.entries if any(model.name in names for model in entry.models)]


def apply_filters(catalogue: Catalogue, query: BoardQuery, suite_ref: str) -> Filters:
    """Every alternative of the suite with its count under the other filters, and what is chosen."""
    suite = catalogue.suites[suite_ref]
    everything = _pruned(entries_with(catalogue, suite, None))
    trusted = _pruned(entries_with(catalogue, suite, TRUST_LEVELS[query.trust or ALL]))
    per_architecture = Counter(entry.model.architecture for entry in everything)
    architecture = query.architecture or max(per_architecture, key=lambda name: per_architecture[name], default=None)
    bands = Counter(band_of(entry.model.sparsity_target) for entry in everything if _is_of(entry, architecture))
    band = query.band()
    if query.sparsity is None:
        band = 0.9 if 0.9 in bands else max(bands, key=lambda one: bands[one], default=None)

    def count(entries: Sequence[Entry], keep: Callable[[Entry], bool]) -> int:
        return sum(keep(entry) for entry in entries)

    sparsities = [
        Choice(band_key(one), f"{one * 100:.4g} %", count(trusted, _in(architecture, one)), one == band)
        for one in sorted(bands)
    ]
    if len(bands) > 1:
        sparsities.append(Choice(ALL, "all", count(trusted, _in(architecture, None)), band is None))
    return Filters(
        architecture,
        band,
        {
            "architecture": tuple(
                Choice(name, catalogue.architecture_title(name), count(trusted, _in(name, None)), name == architecture)
                for name, _ in per_architecture.most_common()
            ),
            "sparsity": tuple(sparsities),
            "trust": tuple(
                Choice(
                    level,
                    level,
                    count(_pruned(entries_with(catalogue, suite, levels)), _in(architecture, band)),
                    level == (query.trust or ALL),
                )
                for level, levels in TRUST_LEVELS.items()
            ),
            "suite": tuple(
                Choice(ref, ref, len(_pruned(entries_with(catalogue, one, None))), ref == suite_ref)
                for ref, one in catalogue.suites.items()
            ),
        },
    )


def _pruned(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if not entry.is_dense]


def _is_of(entry: Entry, architecture: str | None) -> bool:
    return entry.model.architecture == architecture


def _in(architecture: str | None, band: float | None) -> Callable[[Entry], bool]:
    return lambda entry: _is_of(entry, architecture) and (band is None or band_of(entry.model.sparsity_target) == band)
