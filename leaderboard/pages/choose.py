"""Choose: a few questions, and the group of best checkpoints that the noise cannot tell apart."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import whisker_header
from zoo.checkpoint.engines import SPARSE_ENGINES

from ..asked import advice_for
from ..choosing import ANY, USES, Advice, Wish
from ..context import PageContext
from ..drawing import cell_whisker, side_scale
from ..formats import percent_of
from ..view import ALL, BoardQuery
from ..web import catalogue_of, render

router = APIRouter()
_SHOWN = 12
_USES = {"frozen": "frozen, under a new head", "fine-tuned": "fine-tuned, zeros kept"}
_LICENCES = {"any": "any", "stated": "any that is stated", "commercial": "one that allows commercial use"}


@dataclass(frozen=True, kw_only=True)
class ChooseContext(PageContext):
    """The questions with their ``options`` (value, words) by name, and the advice.

    ``asked`` are the answers in words, for the copy on a disk, whose form is hidden. ``whiskers`` are by the row's
    name, on one ``axis``; ``unit`` is that of the changes; ``board`` is the address where everything stands that was
    asked of.
    """

    template: ClassVar[str] = "choose.html"

    wish: Wish
    asked: str
    options: dict[str, list[tuple[str, str]]]
    advice: Advice
    others: int
    whiskers: dict[str, str]
    axis: str
    unit: str
    board: str
    json: str


@router.get("/choose")
def show(request: Request) -> Response:
    """The advice for the answers of the address."""
    wish = Wish.parse(request.query_params.multi_items())
    catalogue = catalogue_of(request)
    advice = advice_for(request.app.state.engine, catalogue, wish)
    return render(request, choose_context(wish, advice))


def choose_context(wish: Wish, advice: Advice) -> ChooseContext:
    """Everything the page shows."""
    side, rows = advice.side, [one.row for one in (*advice.best, *advice.others[:_SHOWN])]
    scale = side_scale(side) if side is not None else None
    choices = advice.board.filters.choices
    network = wish.architecture or advice.board.filters.architecture or ALL
    licence = f"licence: {_LICENCES[wish.licence]}"
    return ChooseContext(
        title="Choose",
        here="choose",
        wish=wish,
        asked=", ".join((network, f"at least {percent_of(float(wish.sparsity))} sparse", _USES[wish.use], licence)),
        options={
            "use": list(_USES.items()),
            "sparsity": [(one.value, one.label) for one in choices.get("sparsity", ()) if one.value != ALL],
            "architecture": [(one.value, one.label) for one in choices.get("architecture", ())],
            "licence": list(_LICENCES.items()),
            "engine": [(ANY, "whatever runs PyTorch"), *((name, name) for name in SPARSE_ENGINES)],
            "suite": [(one.value, one.label) for one in choices.get("suite", ())],
        },
        advice=advice,
        others=len(advice.others),
        whiskers={
            row.name: cell_whisker(row.cells[side.kind], side, scale) for row in rows if side is not None and scale
        },
        axis=whisker_header(scale) if scale is not None else "",
        unit=side.unit if side is not None else "%",
        board=BoardQuery(
            suite=advice.board.suite_ref or None, architecture=wish.architecture, sparsity=ALL, sort=USES[wish.use]
        ).address(),
        json=wish.address.replace("/choose", "/api/v1/choose", 1),
    )
