"""Robustness: one shifted set at a time, with the line that ordinary models follow."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response

from ..catalogue import Catalogue
from ..context import PageContext
from ..paging import Offset, address_at, next_address
from ..robustness import RobustModel, Robustness, ShiftLine, robustness_on, shift_lines
from ..robustness_files import address_of
from ..table_files import LINKS
from ..web import catalogue_of, render

router = APIRouter()
_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class RobustnessContext(PageContext):
    """``found`` is None where the catalogue has no shift; ``heading`` says what one learns.

    ``shifts`` and ``dense_only``, those without a pruned model, are (line, address) pairs; ``models`` are those of this
    page from ``first`` on, ``before`` and ``after`` the addresses of the pages around it. ``unmeasured`` are the shifts
    without a pruned model; ``several`` is the number of models where some have several results, else 0. ``chart`` is
    empty where there is no line. ``exports`` are (name, address) pairs of all models for programs.
    """

    template: ClassVar[str] = "robustness.html"

    heading: str
    found: Robustness | None
    shifts: list[tuple[ShiftLine, str]]
    dense_only: list[tuple[ShiftLine, str]]
    models: tuple[RobustModel, ...]
    first: int
    before: str | None
    after: str | None
    unmeasured: list[ShiftLine]
    several: int
    chart: str
    exports: list[tuple[str, str]]


Shift = Annotated[str | None, Query(description="A shifted set as name@version; else that of the most pruned models.")]


@router.get("/robustness")
def show(request: Request, shift: Shift = None, offset: Offset = 0) -> Response:
    """The shift of the address."""
    catalogue = catalogue_of(request)
    found = robustness_on(catalogue, shift)
    total = len(found.models) if found is not None else 0
    before = address_at(request, max(0, offset - _PAGE)) if offset else None
    after = next_address(request, offset + _PAGE, total)
    return render(request, robustness_context(catalogue, found, offset, before, after))


def robustness_context(
    catalogue: Catalogue, found: Robustness | None, offset: int, before: str | None, after: str | None
) -> RobustnessContext:
    """Everything the page shows."""
    lines = shift_lines(catalogue)
    chosen = None if found is None else found.chosen.ref
    of_pruned = [line for line in lines if line.pruned or (line.dense and line.ref == chosen)]
    of_dense = [line for line in lines if line.dense and line not in of_pruned]
    return RobustnessContext(
        title="Robustness",
        here="robustness",
        heading=_heading(found),
        found=found,
        shifts=[(line, address_of("/robustness", line.ref)) for line in of_pruned],
        dense_only=[(line, address_of("/robustness", line.ref)) for line in of_dense],
        models=() if found is None else found.models[offset : offset + _PAGE],
        first=offset + 1,
        before=before,
        after=after,
        several=names if found is not None and (names := _models_in(found)) < len(found.models) else 0,
        unmeasured=[line for line in lines if not line.pruned],
        chart="" if found is None or found.plot is None else found.plot.svg,
        exports=[]
        if found is None
        else [(name, address_of(f"/api/v1/robustness{end}", found.chosen.ref)) for name, end in LINKS.items()],
    )


def _models_in(found: Robustness) -> int:
    return len({one.model.name for one in found.models})


def _heading(found: Robustness | None) -> str:
    """How pruned models stand against their dense parents, which were trained on the same images."""
    if found is None:
        return "Robustness is not measured here yet."
    if not found.models:
        return f"{found.chosen.task.title}: not measured as a whole yet."
    title, pruned = found.chosen.task.title, [one for one in found.models if not one.pair.dense]
    if not pruned:
        return f"{title}: no pruned model is measured yet."
    changes = [one.change for one in pruned if one.change is not None]
    if not changes:
        return f"{title}: {len(pruned)} pruned models, none beside its dense parent."
    told = [change for change in changes if change.half is not None]
    better, worse = (sum(sign * one.value > (one.half or 0.0) for one in told or changes) for sign in (-1, 1))
    rest = f" The other {len(told) - better - worse} cannot be told apart." if told else " No value has an interval."
    return (
        f"On {title}, {better} of {len(told or changes)} pruned models do better than their dense parents, "
        f"{worse} worse.{rest}"
    )
