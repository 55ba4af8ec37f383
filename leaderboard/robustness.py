"""How much more accurate under one shift models are than ordinary ones of the same accuracy. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from registry.effective_robustness import SOURCE, EffectiveRobustness, Pair, effective_robustness, line_for, pairs_of
from registry.errors import UndefinedRobustnessError
from registry.plots import Plot, PlotInputs
from registry.plots.by_task import robustness_plots
from registry.records import ModelRecord, ShiftRecord, TaskRecord

from .catalogue import Catalogue
from .changes import Change
from .errors import NotFoundError
from .results_table import result_lines

_ENOUGH = 10
"""Models of a line below which a reader should not order others by it."""


@dataclass(frozen=True)
class ShiftLine:
    """A shifted set, and how many pruned and dense models have both accuracies."""

    ref: str
    task: TaskRecord
    shift: ShiftRecord
    pruned: int
    dense: int


@dataclass(frozen=True)
class RobustModel:
    """A model on the shift: ``robustness`` is None for the ``missing`` reason.

    ``change`` is its error under shift against that of its dense parent, which saw the same images in training.
    """

    model: ModelRecord
    method: str
    pair: Pair
    robustness: EffectiveRobustness | None
    missing: str | None
    change: Change | None


@dataclass(frozen=True)
class MethodOnShift:
    """A method's ``n`` models on the shift: the median and the ends of their effective robustness.

    ``change`` is the median change of the error under shift against the dense parents; None where no parent is known.
    """

    title: str
    n: int
    middle: float
    low: float
    high: float
    change: float | None


@dataclass(frozen=True)
class Robustness:
    """One shift: ``models`` are the pruned and the dense ones, the most robust first; ``line`` says whose line it is.

    ``line`` is empty where there is none; then no model has a number, the most accurate comes first, ``plot`` is None.
    ``few``: the line is of so few models that the change against dense comes first, and orders models and methods.
    """

    chosen: ShiftLine
    line: str
    models: tuple[RobustModel, ...]
    methods: tuple[MethodOnShift, ...]
    plot: Plot | None
    few: bool


def shift_lines(catalogue: Catalogue) -> tuple[ShiftLine, ...]:
    """Every shifted set of the catalogue, those with the most pruned models first."""
    pairs = _pairs(catalogue)
    lines = [
        ShiftLine(
            ref,
            catalogue.tasks[ref],
            shift,
            sum(not pair.dense for pair in pairs.get(ref, ())),
            sum(pair.dense for pair in pairs.get(ref, ())),
        )
        for ref, shift in catalogue.shifts.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.pruned, -line.dense, line.task.title)))


def robustness_on(catalogue: Catalogue, ref: str | None) -> Robustness | None:
    """The models on a shift (``name@version``), else on the one with the most pruned models; None without any shift.

    Raises :class:`NotFoundError` for a shift that the catalogue does not have.
    """
    lines = shift_lines(catalogue)
    chosen = next((line for line in lines if ref is None or line.ref == ref), None)
    if chosen is None and ref is not None:
        raise NotFoundError(f"There is no shifted set {ref!r}.", "All of them are listed at /robustness.")
    return None if chosen is None else catalogue.derived(("robust", chosen.ref), lambda: _on(catalogue, chosen))


def _pairs(catalogue: Catalogue) -> dict[str, list[Pair]]:
    def grouped() -> dict[str, list[Pair]]:
        found: dict[str, list[Pair]] = {}
        for pair in pairs_of(catalogue.results, catalogue.shifts, catalogue.tasks, catalogue.models):
            found.setdefault(pair.shift, []).append(pair)
        return found

    return catalogue.derived("pairs", grouped)


def _on(catalogue: Catalogue, chosen: ShiftLine) -> Robustness:
    pairs = _pairs(catalogue).get(chosen.ref, [])
    try:
        against, line_at = line_for(chosen.ref, pairs)
    except UndefinedRobustnessError as error:
        models = [_model(catalogue, pair, None, error.message) for pair in pairs]
        return Robustness(chosen, "", tuple(sorted(models, key=lambda one: -one.pair.shifted)), (), None, False)
    models = []
    for pair in pairs:
        try:
            line = line_at(pair.accuracy)
            found = effective_robustness(pair.accuracy, pair.shifted, line, n=pair.n, n_shifted=pair.n_shifted)
            models.append(_model(catalogue, pair, found, None))
        except UndefinedRobustnessError as error:
            models.append(_model(catalogue, pair, None, error.message))
    ordinary = sum(pair.ordinary for pair in pairs)
    few = against == "zoo" and ordinary < _ENOUGH
    models.sort(key=lambda one: _order(one, by_change=few))
    results = [result for pair in pairs for result in catalogue.results_of(pair.model)]
    inputs = PlotInputs(results, catalogue.tasks, {chosen.ref: chosen.shift}, catalogue.models)
    line_is = SOURCE if against == "testbed" else f"{ordinary} dense models of ordinary training here"
    plot = next(robustness_plots(inputs, None), None)
    return Robustness(chosen, line_is, tuple(models), _methods(models, by_change=few), plot, few)


def _model(catalogue: Catalogue, pair: Pair, found: EffectiveRobustness | None, missing: str | None) -> RobustModel:
    model = catalogue.models[pair.model]
    metric = catalogue.tasks[pair.shift].primary_metric
    lines = result_lines(catalogue, catalogue.whole_cell(pair.model, pair.shift, pair.protocol, metric or ""))
    change = None if pair.dense else lines[0].change
    return RobustModel(model, catalogue.method_title(model), pair, found, missing, change)


def _order(one: RobustModel, *, by_change: bool) -> tuple[bool, float]:
    """Whatever has no number comes last."""
    if by_change and one.change is not None:
        return False, one.change.value
    return by_change or one.robustness is None, -one.robustness.value if one.robustness else 0.0


def _methods(models: Iterable[RobustModel], *, by_change: bool) -> tuple[MethodOnShift, ...]:
    groups: dict[str, list[RobustModel]] = {}
    for one in models:
        if one.robustness is not None and not one.pair.dense:
            groups.setdefault(one.method, []).append(one)
    made = []
    for title, group in groups.items():
        values = [one.robustness.value for one in group if one.robustness is not None]
        changes = [one.change.value for one in group if one.change is not None]
        middle = median(changes) if changes else None
        made.append(MethodOnShift(title, len(group), median(values), min(values), max(values), middle))
    return tuple(sorted(made, key=lambda one: one.change if by_change and one.change is not None else -one.middle))
