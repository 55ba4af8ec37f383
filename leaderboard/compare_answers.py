"""A comparison for programs: as a value of :mod:`leaderboard.schemas`, and as files."""

from collections.abc import Iterable
from typing import Any

from registry.flips import ClassChange

from .catalogue import Catalogue
from .comparing import Compared, Comparison, MeanRow, TaskRow
from .flipped import Flipped
from .schemas import (
    ChangedClass,
    CompareAnswer,
    ComparedCell,
    ComparedImages,
    ComparedMean,
    ComparedModel,
    ComparedTask,
    FactValue,
)
from .table_files import bibtex_file, csv_file, latex_file, parquet_file

_FLIPS = ("lost", "gained", "p_mid")
_COLUMNS = (*(name for name in ComparedTask.model_fields if name != "cells"), *ComparedCell.model_fields, *_FLIPS)


def compare_answer(found: Comparison, version: str) -> CompareAnswer:
    """The whole comparison; ``version`` names the state of the catalogue."""
    return CompareAnswer(
        against=found.reference,
        catalogue=version,
        models=[_model(found, one) for one in found.models],
        tasks=[_task(row) for row in found.tasks],
        images=[_images(one) for one in found.flipped],
        means=[_mean(row) for row in found.means],
        alone=list(found.alone),
    )


def comparison_file(catalogue: Catalogue, found: Comparison, ending: str, address: str) -> bytes:
    """One line per task, protocol, metric and model; the LaTeX table has one line per task and a column per model."""
    if ending == "csv":
        return csv_file(_COLUMNS, _lines(found))
    title = f"Prunarium, {', '.join(one.label for one in found.models)}"
    if ending == "parquet":
        return parquet_file(_COLUMNS, _lines(found), {"catalogue": catalogue.version, "address": address})
    if ending == "tex":
        heads = ["Task", "Protocol", "Metric", *(one.label for one in found.models)]
        return latex_file((address, f"{title}. Catalogue {catalogue.version}."), heads, [_cells(found)], left=3)
    return bibtex_file(catalogue, [one.model.name for one in found.models], title, "Compared task by task.", address)


def _model(found: Comparison, one: Compared) -> ComparedModel:
    name = one.model.name
    facts = {
        row.title: FactValue(title=row.title, value=row.cells[name].value, missing=row.cells[name].missing)
        for row in found.facts
    }
    return ComparedModel(name=name, label=one.label, runs=one.runs, facts=facts)


def _task(row: TaskRow) -> ComparedTask:
    cells = [_cell(row, name) for name in row.lines]
    return ComparedTask(task=row.ref, protocol=row.protocol, metric=row.metric_ref, unit=row.metric.unit, cells=cells)


def _cell(row: TaskRow, name: str) -> ComparedCell:
    line, held = row.lines[name], row.held.get(name)
    difference = held.difference if held is not None else None
    return ComparedCell(
        model=name,
        value=line.value,
        missing=line.missing,
        n=line.n,
        runs=line.runs,
        trust=line.trust,
        difference=difference.difference if difference else None,
        low=difference.low if difference else None,
        high=difference.high if difference else None,
        paired=held.paired if held else None,
        verdict=(difference.verdict or None) if difference else None,
        no_interval=difference.no_interval_reason if difference and difference.low is None else None,
    )


def _images(one: Flipped) -> ComparedImages:
    found = one.flips
    return ComparedImages(
        task=one.ref,
        protocol=one.protocol,
        model=one.model,
        n=found.n if found else None,
        p_mid=found.p_mid if found else None,
        no_test=found.no_test_reason if found else None,
        disagreement=found.disagreement if found else None,
        resolution=found.resolution if found else None,
        lost=list(one.ids(lost=True)) if found else None,
        gained=list(one.ids(lost=False)) if found else None,
        classes=[_class(change) for change in found.classes] if found else None,
        missing=one.reason,
    )


def _class(change: ClassChange) -> ChangedClass:
    values = {name: getattr(change, name) for name in ("label", "name", "n", "lost", "gained", "p")}
    return ChangedClass(model=change.first, reference=change.second, **values)


def _mean(row: MeanRow) -> ComparedMean:
    return ComparedMean(
        protocol=row.protocol,
        tasks=list(row.tasks),
        left_out=list(row.left_out),
        values=dict(row.values),
        differences={name: value for name, (value, _) in row.differences.items()},
        half_widths={name: half for name, (_, half) in row.differences.items()},
    )


def _lines(found: Comparison) -> list[dict[str, Any]]:
    flipped = {(one.ref, one.protocol, one.model): one.flips for one in found.flipped}

    def flips_of(row: TaskRow, name: str) -> dict[str, Any]:
        one = flipped.get((row.ref, row.protocol, name)) if row.is_primary else None
        counts = {"lost": len(one.lost), "gained": len(one.gained), "p_mid": one.p_mid} if one else {}
        return dict.fromkeys(_FLIPS) | counts

    return [
        {**task.model_dump(exclude={"cells"}), **cell.model_dump(), **flips_of(row, cell.model)}
        for row, task in ((row, _task(row)) for row in found.tasks)
        for cell in task.cells
    ]


def _cells(found: Comparison) -> Iterable[list[str]]:
    for row in found.tasks:
        lines = [row.lines.get(one.model.name) for one in found.models]
        texts = ["–" if line is None else f"{line.text} {line.spread}".strip() for line in lines]
        for place, one in enumerate(found.models):
            held = row.held.get(one.model.name)
            if held is not None and held.difference.verdict in ("better", "worse"):
                texts[place] += f", {held.difference.verdict}"
        yield [row.task.title, row.protocol, f"{row.metric.title}", *texts]
