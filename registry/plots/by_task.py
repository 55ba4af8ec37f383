"""Pictures of all models on one task: effective robustness, and accuracy, likelihood and calibration over sparsity."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from zoo.checkpoint.slug import is_slug, parse_slug

from ..charts import Line, LinePlace, LinePoint, ScatterPoint, robustness_scatter, sparsity_curves
from ..effective_robustness import (
    SHIFTS,
    SOURCE,
    LineAt,
    Pair,
    effective_robustness,
    line_for,
    pairs_of,
    standard_models,
)
from ..errors import UndefinedRobustnessError
from ..records import ModelRecord, ResultRecord
from .pictures import Plot, PlotInputs, file_name

CURVES = {
    "top1@1": ("Top-1 accuracy", 100.0, "%", 1),
    "ece15@1": ("Calibration error", 100.0, "%", 1),
    "nll@1": ("Negative log-likelihood", 1.0, "nats", 2),
}
_STEPS = 60
_RUN = re.compile(r"-?\bs\d+$")
_SERIES = 8


def robustness_plots(inputs: PlotInputs, named: Collection[str] | None) -> Iterator[Plot]:
    """For every shifted set with a line (the testbed's, else that of ordinary models here), all its models.

    With ``named``, only sets on which one of these models was measured.
    """
    by_shift: dict[str, list[Pair]] = {}
    for pair in pairs_of(inputs.results, inputs.shifts, inputs.tasks, inputs.models):
        by_shift.setdefault(pair.shift, []).append(pair)
    for shift, pairs in sorted(by_shift.items()):
        if named is not None and not any(pair.model in named for pair in pairs):
            continue
        try:
            against, line_at = line_for(shift, pairs)
        except UndefinedRobustnessError:
            continue  # fewer than three ordinary models, and no line of the testbed: there is nothing to draw
        title, source_task = inputs.title_of(shift), inputs.shifts[shift].source_task
        points = [_point(pair, line_at) for pair in pairs]
        name = shift.partition("@")[0]
        if against == "testbed" and name in SHIFTS:
            points += [ScatterPoint(m.name, m.accuracy, m.shifted, "standard") for m in standard_models(name)]
        places = _places(points, line_at)
        svg = robustness_scatter(
            title, points, places, x_title="accuracy without shift in %", y_title="accuracy under shift in %"
        )
        data = {
            "shift": shift, "source_task": source_task, "against": against, "transform": "logit",
            "models": [vars(point) for point in points], "line": [vars(place) for place in places],
        }  # fmt: skip
        line = SOURCE if against == "testbed" else "dense models of ordinary training here"
        captions = (f"against {inputs.title_of(source_task)}", f"logit axes; line: {line}")
        yield Plot(file_name("robustness", shift), title, captions, data, svg)


def _point(pair: Pair, line_at: LineAt) -> ScatterPoint:
    try:
        line = line_at(pair.accuracy)
        above = effective_robustness(pair.accuracy, pair.shifted, line, n=pair.n, n_shifted=pair.n_shifted).value
    except UndefinedRobustnessError:
        above = None
    label = pair.model.removeprefix("dense/").replace("/0.00", "", 1) if pair.dense else pair.model
    return ScatterPoint(label, pair.accuracy, pair.shifted, "dense" if pair.dense else "pruned", above)


def _places(points: Sequence[ScatterPoint], line_at: LineAt) -> list[LinePlace]:
    inside = [point.accuracy for point in points if 0 < point.accuracy < 1]
    low, high = min(inside, default=0.1), max(inside, default=0.9)
    places = []
    for step in range(_STEPS + 1):
        accuracy = low + (high - low) * step / _STEPS
        try:
            places.append(LinePlace(accuracy, *line_at(accuracy).expected(accuracy)))
        except UndefinedRobustnessError:
            continue  # the one accuracy at which two lines meet
    return places


def curves(inputs: PlotInputs) -> Iterator[Plot]:
    """Accuracy, calibration error and likelihood of models on their own classes over sparsity, one line per recipe.

    Of one architecture each; replicates of a recipe are their mean, with no interval: it would speak of one of them.
    """
    rows = [
        row
        for row in inputs.results
        if not row.condition and row.value is not None and row.metric in CURVES and row.model in inputs.models
        and row.task in inputs.tasks and inputs.tasks[row.task].kind == "upstream"
    ]  # fmt: skip
    groups: dict[tuple[str, str, str, str], list[ResultRecord]] = {}
    for row in rows:
        key = (row.task, row.protocol, inputs.models[row.model].architecture, row.metric)
        groups.setdefault(key, []).append(row)
    for (task, protocol, architecture, metric), found in sorted(groups.items()):
        dense = {
            row.model: row
            for row in rows
            if (row.task, row.protocol, row.metric) == (task, protocol, metric)
            and inputs.models[row.model].sparsity_target == 0
        }
        lines = _lines(inputs, found, dense, CURVES[metric][1])
        if not any(len(line.points) > 1 for line in lines):
            continue  # one sparsity is no curve
        words, _, unit, decimals = CURVES[metric]
        parts = list(_in_parts(lines))
        for part, some in enumerate(parts):
            which = f", {part + 1} of {len(parts)}" if len(parts) > 1 else ""
            title = f"{words} in {unit}, over sparsity{which}"
            starts = {line.points[0].value if line.points[0].sparsity == 0 else None for line in some}
            level = starts.pop() if len(starts) == 1 else None
            data = {
                "task": task, "protocol": protocol, "architecture": architecture, "metric": metric, "unit": unit,
                "dense": level,
                "lines": [{"method": line.label, "points": [vars(point) for point in line.points]} for line in some],
            }  # fmt: skip
            name = file_name("curve", architecture, task, protocol, metric.partition("@")[0], str(part))
            captions = (architecture, inputs.title_of(task))
            yield Plot(
                name, title, captions, data, sparsity_curves(title, some, unit=unit, decimals=decimals, dense=level)
            )


def _in_parts(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """As many lines a picture as there are colours, each part with colours of its own."""
    drawn = [line for line in lines if len(line.points) > 1]
    for start in range(0, len(drawn), _SERIES):
        yield [replace(line, colour=f"m{place}") for place, line in enumerate(drawn[start : start + _SERIES])]


def _lines(
    inputs: PlotInputs, rows: Sequence[ResultRecord], dense: Mapping[str, ResultRecord], factor: float
) -> list[Line]:
    """One for each method and recipe; where every model names its dense parent, that is where its line begins."""
    groups: dict[tuple[str, str], list[ResultRecord]] = {}
    for row in rows:
        model = inputs.models[row.model]
        if model.sparsity_target > 0:
            groups.setdefault((model.method, _recipe(model)), []).append(row)
    lines, alone = [], len({method for method, _ in groups}) == 1
    for (method, recipe), found in sorted(groups.items()):
        by_sparsity: dict[float, list[ResultRecord]] = {}
        for row in found:
            by_sparsity.setdefault(inputs.models[row.model].sparsity_target, []).append(row)
        points = [_place(some, sparsity, factor) for sparsity, some in sorted(by_sparsity.items())]
        parents = {inputs.models[row.model].parent for row in found}
        starts = [dense[parent] for parent in sorted(filter(None, parents)) if parent in dense]
        if len(starts) == len(parents):
            points.insert(0, _place(starts, 0.0, factor))
        # Labels are short: beside recipes of the same method, the recipe says which it is.
        label = recipe if recipe and alone else f"{method}, {recipe}" if recipe else method
        lines.append(Line(label, "m0", tuple(points)))
    return lines


def _recipe(model: ModelRecord) -> str:
    """What sets a model apart beside method and sparsity: its pattern, and its slug's variant but for the run's number.

    Of a model without a slug its owner: what somebody else calls by the same method may be another recipe.
    """
    pattern = "" if model.pattern == "unstructured" else model.pattern
    if model.slug is None:
        return ", ".join(filter(None, (model.owner, pattern)))
    variant = parse_slug(model.slug).variant if is_slug(model.slug) else None
    return ", ".join(filter(None, (pattern, _RUN.sub("", variant or ""))))


def _place(rows: Sequence[ResultRecord], sparsity: float, factor: float) -> LinePoint:
    value = fmean(row.value for row in rows if row.value is not None) * factor
    if len(rows) > 1 or rows[0].ci_low is None or rows[0].ci_high is None:
        return LinePoint(sparsity, value)
    return LinePoint(sparsity, value, rows[0].ci_low * factor, rows[0].ci_high * factor)
