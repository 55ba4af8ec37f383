"""Compare: two to five models side by side, and what they differ by on the same images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import signed, whisker_header

from ..asked import comparison_of
from ..catalogue import Catalogue
from ..changes import Change
from ..compare_query import MOST, CompareQuery
from ..comparing import Comparison, Held, TaskRow
from ..context import PageContext, Trouble
from ..drawing import points_scale, points_whisker
from ..errors import BadViewError, NotFoundError
from ..facts import format_metric
from ..finding import find_model
from ..formats import decimals_for
from ..table_files import LINKS
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True)
class HeldText:
    """A difference as a cell shows it: value, interval, how that was made, and what it says."""

    text: str
    spread: str
    how: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class CompareContext(PageContext):
    """``found`` is None for fewer than two models: then the page asks for them.

    ``lead`` says in a sentence a model how it stands; ``texts`` and ``whiskers`` (of accuracies, on ``axis``) are by
    (task, protocol, metric, model), ``labels`` by model; ``pairing`` says which differences are of the same images;
    ``choices`` are names that may be added, ``links`` the addresses without a model and against it, by its name;
    ``exports`` are (name, address) pairs of the same comparison for programs. ``trouble`` is what keeps the models of
    the address from being compared; ``unknown`` are those names among them that are no model's.
    """

    template: ClassVar[str] = "compare.html"

    query: CompareQuery
    found: Comparison | None
    lead: tuple[str, ...]
    texts: dict[tuple[str, str, str, str], HeldText]
    whiskers: dict[tuple[str, str, str, str], str]
    labels: dict[str, str]
    axis: str
    pairing: str
    choices: list[str]
    links: dict[str, tuple[str, str]]
    exports: list[tuple[str, str]]
    trouble: Trouble | None
    unknown: list[str]


@router.get("/compare")
def show(request: Request) -> Response:
    """The comparison of the address."""
    query = CompareQuery.parse(request.query_params.multi_items())
    catalogue = catalogue_of(request)
    try:
        found = comparison_of(request.app.state.engine, catalogue, query)
    except (BadViewError, NotFoundError) as error:
        status = 404 if isinstance(error, NotFoundError) else 400
        return render(request, compare_context(catalogue, query, None, Trouble.of(error)), status=status)
    return render(request, compare_context(catalogue, query if found is None else found.query, found))


def compare_context(
    catalogue: Catalogue, query: CompareQuery, found: Comparison | None, trouble: Trouble | None = None
) -> CompareContext:
    """Everything the page shows."""
    unknown = [name for name in query.models if not _is_known(catalogue, name)]
    cells = [] if found is None else _cells(found)
    return CompareContext(
        title="Compare",
        here="compare",
        query=query,
        found=found,
        lead=() if found is None else tuple(_sentence(found, one.model.name, one.label) for one in found.others),
        texts={key: _held_text(row, held) for key, row, held in cells},
        whiskers={key: _whisker(held) for key, row, held in cells if _is_accuracy(row)},
        labels={} if found is None else {one.model.name: one.label for one in found.models},
        axis=whisker_header(points_scale()),
        pairing="" if found is None else _pairing(found),
        choices=_choices(catalogue, [name for name in query.models if name not in unknown]),
        links={name: (query.address(without=name), query.address(against=name)) for name in query.models},
        exports=[]
        if found is None
        else [(name, query.address(f"/api/v1/compare{end}")) for name, end in LINKS.items()],
        trouble=trouble,
        unknown=unknown,
    )


def _is_known(catalogue: Catalogue, name: str) -> bool:
    try:
        find_model(catalogue, name)
    except NotFoundError:
        return False
    return True


def _choices(catalogue: Catalogue, chosen: Sequence[str]) -> list[str]:
    """Models of the same networks; of all networks where none is chosen, one replicate each."""
    if len(chosen) >= MOST:
        return []
    networks = {find_model(catalogue, name).architecture for name in chosen}
    return [
        entry.model.name
        for entry in catalogue.entries
        if (not networks or entry.model.architecture in networks) and entry.model.name not in chosen
    ]


def _sentence(found: Comparison, name: str, label: str) -> str:
    """How often a model is better and worse than the reference."""
    counts: Counter[str] = Counter(found.verdicts(name))
    if not counts:
        return f"{label}: no task in common."
    words = (("better", "better on"), ("worse", "worse on"), ("cannot be told apart", "not told apart on"))
    parts = [f"{text} {counts[key]}" for key, text in words if counts[key]]
    if counts["no interval"]:
        parts.append(f"without an interval on {counts['no interval']}")
    return f"{label}: {', '.join(parts)} of {counts.total()} by their main metric."


def _pairing(found: Comparison) -> str:
    """Which intervals are paired, in a sentence."""
    held = [one for row in found.tasks for one in row.held.values()]
    paired = sum(one.paired for one in held)
    if paired == len(held):
        return "Every difference is paired: resamples of the same images, so that what is hard for both cancels."
    apart = "both intervals are joined as if independent"
    if not paired:
        return f"No difference is paired, for lack of resamples: {apart}."
    return f"{paired} of {len(held)} differences are paired (resamples of the same images); of the others {apart}."


def _cells(found: Comparison) -> list[tuple[tuple[str, str, str, str], TaskRow, Held]]:
    return [
        ((row.ref, row.protocol, row.metric_ref, name), row, held)
        for row in found.tasks
        for name, held in row.held.items()
    ]


def _is_accuracy(row: TaskRow) -> bool:
    return row.metric.unit == "fraction" and row.metric.direction == "higher"


def _whisker(held: Held) -> str:
    """Drawn as a change of the error, as everywhere on this site."""
    one, half = held.difference, _half(held)
    return points_whisker(Change(-100 * one.difference, None if half is None else 100 * half, None, ""))


def _half(held: Held) -> float | None:
    low, high = held.difference.low, held.difference.high
    return None if low is None or high is None else (high - low) / 2


def _held_text(row: TaskRow, held: Held) -> HeldText:
    one = held.difference
    half = _half(held)
    if row.metric.unit == "fraction":
        wide = None if half is None else half * 100
        text = signed(one.difference * 100, decimals_for(wide, 2))
        spread = "" if wide is None else f"±{wide:.{decimals_for(wide)}f}"
    else:
        text = format_metric(abs(one.difference), row.metric, half)
        text = text if one.difference == 0 else f"{'+' if one.difference > 0 else '−'}{text}"
        spread = "" if half is None else f"±{format_metric(half, row.metric, half)}"
    return HeldText(
        text=text,
        spread=spread or "no interval",
        how="same images, paired"
        if held.paired
        else "both intervals, as if independent"
        if spread
        else one.no_interval_reason or "",
        verdict=one.verdict,
    )


def _how(held: Held) -> str:
    if held.paired:
        return "resamples of the same images"
    if held.difference.low is not None:
        return "both intervals, as if independent"
    return held.difference.no_interval_reason or ""
