"""Robustness on a shift for programs: as a value of :mod:`leaderboard.schemas`, and as files."""

from typing import Any
from urllib.parse import urlencode

from .catalogue import Catalogue
from .formats import percent, signed
from .robustness import RobustModel, Robustness
from .schemas import RobustnessAnswer, RobustnessRow
from .table_files import bibtex_file, csv_file, latex_file, parquet_file


def address_of(path: str, shift: str) -> str:
    """A path's address for one shift."""
    return f"{path}?{urlencode({'shift': shift}, safe='@')}"


def robustness_answer(found: Robustness, version: str) -> RobustnessAnswer:
    """All models on the shift; ``version`` names the state of the catalogue."""
    return RobustnessAnswer(
        shift=found.chosen.ref,
        source_task=found.chosen.shift.source_task,
        line=found.line or None,
        catalogue=version,
        models=[_row(one) for one in found.models],
    )


def robustness_file(catalogue: Catalogue, found: Robustness, ending: str, address: str) -> bytes:
    """One line per model, the most robust first."""
    lines: list[dict[str, Any]] = [_row(one).model_dump() for one in found.models]
    columns = list(RobustnessRow.model_fields)
    title = f"Prunarium, effective robustness on {found.chosen.task.title}"
    if ending == "csv":
        return csv_file(columns, lines)
    if ending == "parquet":
        return parquet_file(columns, lines, {"catalogue": catalogue.version, "address": address})
    if ending == "tex":
        heads = ["Model", "Method", "Protocol", "Sparsity", "Accuracy %", "Under shift %"]
        heads += ["Effective robustness, points", "Error Δ points"]
        line = f"Line: {found.line}; *: beyond its models." if found.line else "No line."
        remarks = (address, f"{title}. {line} Catalogue {catalogue.version}.")
        return latex_file(remarks, heads, [[_cells(one) for one in found.models]], left=3)
    return bibtex_file(catalogue, [one.model.name for one in found.models], title, f"Line: {found.line}.", address)


def _row(one: RobustModel) -> RobustnessRow:
    found = one.robustness
    return RobustnessRow(
        model=one.model.name,
        method=one.model.method,
        architecture=one.model.architecture,
        sparsity=one.model.sparsity_target,
        protocol=one.pair.protocol,
        seed=one.pair.seed,
        accuracy=one.pair.accuracy,
        shifted=one.pair.shifted,
        expected=found.expected if found else None,
        robustness=found.value if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        extrapolated=found.extrapolated if found else None,
        missing=one.missing,
        change=None if one.change is None else one.change.value / 100,
        change_half=None if one.change is None or one.change.half is None else one.change.half / 100,
    )


def _cells(one: RobustModel) -> list[str]:
    found = one.robustness
    mark = "*" if found is not None and found.extrapolated else ""
    number = "–" if found is None else f"{percent(found.value)}{mark} [{percent(found.low)}, {percent(found.high)}]"
    change = "–" if one.change is None else signed(one.change.value, 2)
    spread = "" if one.change is None or one.change.half is None else f" ±{one.change.half:.2f}"
    sparsity = f"{one.model.sparsity_target:.4g}"
    accuracies = percent(one.pair.accuracy), percent(one.pair.shifted)
    return [one.model.name, one.method, one.pair.protocol, sparsity, *accuracies, number, f"{change}{spread}"]
