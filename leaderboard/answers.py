"""From catalogue to answers: what the pages show, as values of :mod:`leaderboard.schemas`."""

from typing import Any

from registry.records import ModelRecord, ResultRecord, TaskRecord

from .board import Board, Row
from .cells import Side, SideCell, TaskCell
from .choosing import Advice, Candidate
from .headline import headline
from .ranking import Rank
from .schemas import (
    BoardAnswer,
    BoardRow,
    ChoiceAnswer,
    Chosen,
    FactValue,
    ModelAnswer,
    ResultAnswer,
    SideValue,
    TaskAnswer,
    TaskChange,
)
from .view import ALL

_DIGITS = 6


def board_answer(board: Board, version: str) -> BoardAnswer:
    """A board for programs; ``version`` names the state of the catalogue."""
    return BoardAnswer(
        suite=board.suite_ref or None,
        architecture=board.filters.architecture,
        sparsity=board.band,
        trust=board.query.trust or ALL,
        sort=board.query.sort,
        headline=headline(board).title,
        catalogue=version,
        budget=board.filters.kept.epochs,
        q=board.query.q,
        total=len(board.rows),
        rows=[board_row(board, row) for row in board.shown],
        dense=[board_row(board, row) for row in board.yardsticks],
    )


def choice_answer(advice: Advice) -> ChoiceAnswer:
    """Advice for programs."""
    side = advice.side
    return ChoiceAnswer(
        why=advice.why,
        suite=advice.board.suite_ref or None,
        best=[_chosen(one, side) for one in advice.best if side is not None],
        others=[_chosen(one, side) for one in advice.others if side is not None],
    )


def _chosen(candidate: Candidate, side: Side) -> Chosen:
    row = candidate.row
    value = _side(row.cells[side.kind], side, candidate.rank)
    return Chosen(
        name=row.name,
        sparsity=row.entry.model.sparsity_target,
        licence=row.entry.model.licence or row.entry.model.source_licence,
        commands=list(row.access.commands),
        **value.model_dump(include={"change", "low", "high", "unit", "rank_best", "rank_worst"}),
    )


def model_answer(model: ModelRecord) -> ModelAnswer:
    """A model for programs."""
    return ModelAnswer(
        name=model.name,
        sparsity=model.sparsity_target,
        **_same(model, ModelAnswer, without=("name", "sparsity")),
    )


def task_answer(ref: str, task: TaskRecord) -> TaskAnswer:
    """A task for programs."""
    return TaskAnswer(ref=ref, **_same(task, TaskAnswer, without=("ref",)))


def result_answer(result: ResultRecord) -> ResultAnswer:
    """A result for programs."""
    return ResultAnswer(**_same(result, ResultAnswer))


def _same(record: object, schema: type[Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: getattr(record, name) for name in schema.model_fields if name not in without}


def board_row(board: Board, row: Row) -> BoardRow:
    """A row for programs."""
    model = row.entry.model
    sides = {side.kind: _side(row.cells[side.kind], side, row.ranks.get(side.kind)) for side in board.sides}
    return BoardRow(
        name=row.name,
        models=[one.name for one in row.entry.models],
        title=row.title,
        method=model.method,
        family=row.family,
        architecture=model.architecture,
        sparsity=model.sparsity_target,
        trust=list(row.trust),
        linear=sides.get("linear"),
        full=sides.get("full"),
        facts={
            column.key: FactValue(
                title=column.title, value=row.facts[column.key].value, missing=row.facts[column.key].missing
            )
            for column in board.columns
        },
        front=row.front,
        availability=model.availability,
        availability_detail=model.availability_detail,
        caveat=model.caveat,
    )


def _side(cell: SideCell, side: Side, rank: Rank | None) -> SideValue:
    change = cell.change
    return SideValue(
        change=_rounded(0.0 if cell.is_yardstick else change.value if change else None),
        low=_rounded(change.low if change else None),
        high=_rounded(change.high if change else None),
        unit=side.unit,
        interval=change.why if change else None,
        missing=cell.missing,
        median=_rounded(cell.median),
        rank_best=rank.best if rank else None,
        rank_worst=rank.worst if rank else None,
        error=_rounded(cell.error),
        log_odds=_rounded(cell.log_odds),
        tasks=[_task(task) for task in cell.tasks],
    )


def _task(cell: TaskCell) -> TaskChange:
    change = cell.change
    return TaskChange(
        task=cell.name,
        change=_rounded(change.value if change else None),
        low=_rounded(change.low if change else None),
        high=_rounded(change.high if change else None),
        missing=cell.missing,
    )


def _rounded(value: float | None) -> float | None:
    """Six decimals: far below any interval, and equal on every machine."""
    return None if value is None else round(value, _DIGITS)
