"""One model: how to get it, what its bytes say, how it did, where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry import queries
from registry.charts import whisker_header
from registry.db.session import session_scope
from registry.records import CheckpointRecord, MethodRecord, ModelRecord, ResultRecord, RevisionRecord, TaskRecord
from zoo.checkpoint.engines import Engine

from ..api_receipts import signs
from ..asked import comparison_of
from ..availability import Access, access
from ..board import Board, Row, make_board
from ..calibration import CalibrationPair, model_pairs
from ..catalogue import Catalogue
from ..compare_query import CompareQuery
from ..context import PageContext
from ..drawing import board_charts, named_rows, points_scale, points_whisker
from ..engines_of import engine_rows, timm_sentence
from ..family_curves import children_of, family_curves, points_of
from ..finding import find_model
from ..flipped import Flipped
from ..former import Former, former_values
from ..model_charts import heat_maps, layer_bars, reliability_diagrams
from ..results_table import ResultLine, result_lines
from ..suites_of import suites_of
from ..view import BoardQuery
from ..visitors import MaybeVisitor
from ..web import catalogue_of, render
from .hidden import hidden_page

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class SuiteSummary:
    """How the model stands in one suite: its row there, what the two sides are called, the address of that board.

    ``titles``, ``units`` and ``ranks`` (in words, among the rows that have one) are by the kind of side.
    """

    ref: str
    address: str
    titles: dict[str, str]
    units: dict[str, str]
    ranks: dict[str, str]
    row: Row
    charts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    """The primary metric of one transfer task, by kind of protocol (``linear``, ``full``)."""

    task: TaskRecord
    ref: str
    sides: dict[str, ResultLine]


@dataclass(frozen=True, kw_only=True)
class ReceiptLink:
    """The signed receipt of one evaluation."""

    task: str
    protocol: str
    seed: int | None
    address: str


@dataclass(frozen=True, kw_only=True)
class ModelContext(PageContext):
    """The page of a model.

    ``transfer`` has one row per transfer task with both protocols side by side, ``calibration`` one per metric with
    its value before and after temperature scaling, ``others`` all remaining values;
    ``whiskers`` go with both, by (task, metric, protocol), on one ``axis``. ``checkpoint`` is None where nobody handed
    us bytes: then ``layers`` is empty and the page says so. ``timm`` says whether timm loads it, or why not;
    ``engines`` are those that skip work at its zeros, then those that do not. ``receipts`` is empty where the server
    signs none. ``children`` are the models pruned from it, by method; ``curves`` draw ``points``, its method on its
    network with the dense models first; ``history`` has values that gave their place to newer ones. ``flipped`` are the
    images lost and gained against the dense parent, by task; ``compare`` is the address of both side by side, empty
    without a parent.
    """

    template: ClassVar[str] = "model.html"

    model: ModelRecord
    method: MethodRecord | None
    architecture: str
    parent: ModelRecord | None
    replicates: tuple[ModelRecord, ...]
    siblings: tuple[ModelRecord, ...]
    children: dict[str, list[ModelRecord]]
    curves: tuple[str, ...]
    points: list[tuple[str, str, float, float, float | None, float | None]]
    history: tuple[Former, ...]
    access: Access
    checkpoint: CheckpointRecord | None
    revisions: Sequence[RevisionRecord]
    layers: str
    timm: str | None
    engines: tuple[Engine, ...]
    summaries: tuple[SuiteSummary, ...]
    transfer: list[TransferRow]
    calibration: list[CalibrationPair]
    others: list[ResultLine]
    axis: str
    whiskers: dict[tuple[str, str, str], str]
    heat_maps: tuple[str, ...]
    reliability: tuple[str, ...]
    sources: list[str]
    receipts: tuple[ReceiptLink, ...]
    trained_on: tuple[str, ...]
    flipped: tuple[Flipped, ...]
    compare: str
    json: str


@router.get("/models/{name:path}")
def show(request: Request, name: str, visitor: MaybeVisitor) -> Response:
    """The page of a slug or hub id."""
    catalogue = catalogue_of(request)
    if name not in catalogue.models and (hidden := hidden_page(request, name, visitor)) is not None:
        return hidden
    model = find_model(catalogue, name)
    with session_scope(request.app.state.engine) as session:
        checkpoint = queries.checkpoint_of(session, model.id) if model.id is not None else None
        revisions = queries.revisions_of(session, checkpoint.id) if checkpoint and checkpoint.id is not None else []
        past = former_values(
            catalogue, queries.results(session, model=model.name, condition="", history=True, only_shown=True)
        )
    context = replace(model_context(catalogue, model, checkpoint, revisions), history=past)
    if context.parent is not None:
        query = CompareQuery(models=(context.parent.name, model.name))
        found = comparison_of(request.app.state.engine, catalogue, query)
        context = replace(context, flipped=found.flipped if found is not None else (), compare=query.address())
    if signs(request.app.state.settings):
        context = replace(context, receipts=_receipts(catalogue.results_of(model.name)))
    return render(request, context)


def model_context(
    catalogue: Catalogue, model: ModelRecord, checkpoint: CheckpointRecord | None, revisions: Sequence[RevisionRecord]
) -> ModelContext:
    """Everything the page shows."""
    results = catalogue.results_of(model.name)
    lines = result_lines(catalogue, results)
    transfer = _transfer(catalogue, lines)
    calibration = model_pairs(catalogue, results)
    apart = {_cell(line) for row in transfer for line in row.sides.values()}
    apart |= {_cell(line) for pair in calibration for line in (pair.before, pair.after)}
    entry = catalogue.entry_of(model.name)
    family = () if entry.is_dense else family_curves(catalogue, model.architecture, (model.method,))
    return ModelContext(
        title=f"{model.title}",
        here="models",
        trained_on=catalogue.trained_on.get(model.name, ()),
        model=model,
        method=catalogue.method_of(model),
        architecture=catalogue.architecture_title(model.architecture),
        parent=catalogue.parent_of(model),
        replicates=entry.models if len(entry.models) > 1 else (),
        siblings=_siblings(catalogue, model),
        children=children_of(catalogue, model),
        curves=tuple(plot.svg for plot in family),
        points=points_of(family),
        history=(),
        access=access(model, has_revision=bool(revisions)),
        checkpoint=checkpoint,
        revisions=revisions,
        layers=layer_bars(checkpoint),
        timm=timm_sentence(catalogue.architectures.get(model.architecture), checkpoint),
        engines=engine_rows(checkpoint),
        summaries=() if entry.is_dense else _summaries(catalogue, model),
        transfer=transfer,
        calibration=calibration,
        others=[line for line in lines if _cell(line) not in apart],
        whiskers={
            (line.task_ref, line.metric, line.protocol): points_whisker(line.change)
            for line in lines
            if line.change is not None
        },
        axis=whisker_header(points_scale()),
        heat_maps=heat_maps(catalogue, results),
        reliability=reliability_diagrams(catalogue, results),
        sources=sorted({result.source for result in results if result.source}),
        receipts=(),
        flipped=(),
        compare="",
        json=f"/api/v1/models/{model.name}",
    )


def _transfer(catalogue: Catalogue, lines: Sequence[ResultLine]) -> list[TransferRow]:
    rows: dict[str, TransferRow] = {}
    for line in lines:
        kind = catalogue.protocols[line.protocol].kind
        if line.task.kind == "transfer" and line.metric == line.task.primary_metric and kind in ("linear", "full"):
            row = rows.setdefault(line.task_ref, TransferRow(task=line.task, ref=line.task_ref, sides={}))
            if kind not in row.sides or _standing(line.protocol, kind) > _standing(row.sides[kind].protocol, kind):
                row.sides[kind] = line
    return list(rows.values())


def _receipts(results: Sequence[ResultRecord]) -> tuple[ReceiptLink, ...]:
    jobs = {result.job_id: result for result in results if result.job_id is not None}
    return tuple(
        ReceiptLink(task=one.task, protocol=one.protocol, seed=one.seed, address=f"/api/v1/receipts/{job}")
        for job, one in sorted(jobs.items(), key=lambda pair: (pair[1].task, pair[1].protocol, pair[1].seed or 0))
    )


def _standing(protocol: str, kind: str) -> tuple[bool, str]:
    """Of several protocols of one kind the one called after it stands beside the other kind; the rest follow below."""
    name, _, version = protocol.partition("@")
    return name == kind, version


def _cell(line: ResultLine) -> tuple[str, str, str]:
    return line.task_ref, line.protocol, line.metric


def _siblings(catalogue: Catalogue, model: ModelRecord) -> tuple[ModelRecord, ...]:
    """The same method and architecture at other sparsities, one replicate each."""
    return tuple(
        entry.model
        for entry in catalogue.entries
        if entry.model.method == model.method
        and entry.model.architecture == model.architecture
        and all(one.name != model.name for one in entry.models)
    )


def _summaries(catalogue: Catalogue, model: ModelRecord) -> tuple[SuiteSummary, ...]:
    made = []
    for ref in suites_of(catalogue, model.name):
        query = BoardQuery(suite=ref, architecture=model.architecture, sparsity=f"{model.sparsity_target:.3g}")
        board = make_board(catalogue, query)
        row = next((row for row in board.rows if any(one.name == model.name for one in row.entry.models)), None)
        if row is not None:
            made.append(
                SuiteSummary(
                    ref=ref,
                    address=query.address(),
                    titles={side.kind: side.short for side in board.sides},
                    units={side.kind: side.unit for side in board.sides},
                    ranks={side.kind: _rank(board, row, side.kind) for side in board.sides},
                    row=row,
                    charts=board_charts(board, named_rows(board, model.method)),
                )
            )
    return tuple(made)


def _rank(board: Board, row: Row, kind: str) -> str:
    ranked = sum(one.ranks[kind] is not None for one in board.rows)
    return "no rank" if row.ranks[kind] is None else f"rank {row.ranks[kind]} of {ranked} at this sparsity"
