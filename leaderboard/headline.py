"""The board's first line, in words. It is worked out from the rows in view, so that it is true for every filter."""

from collections.abc import Sequence
from dataclasses import dataclass

from .board import Board, Row
from .formats import percent_of


@dataclass(frozen=True)
class Headline:
    """``title`` is what one learns here; ``lede`` says which numbers it rests on."""

    title: str
    lede: str


def headline(board: Board) -> Headline:
    """One sentence about the view, and one about the numbers in it."""
    if board.suite is None:
        return Headline("The catalogue is empty.", "Nothing was published or measured here yet.")
    where = f"At {percent_of(board.band)} sparsity" if board.band is not None else "Over all sparsities"
    if not board.rows:
        return Headline(
            "No checkpoint in this view.", "Loosen a filter: the counts beside the links say where there are some."
        )
    lede = _lede(board)
    if len(board.rows) == 1:
        return Headline(f"{where} there is one checkpoint: {board.rows[0].title}.", lede)
    bests = {side.kind: _best(board.rows, side.kind) for side in board.sides}
    if len(board.sides) == 2 and all(bests.values()):
        return Headline(_two_sides(where, bests["linear"], bests["full"], len(board.rows)), lede)
    for side in board.sides:
        if bests[side.kind]:
            return Headline(f"{where} {_leader(bests[side.kind], len(board.rows))} {_AS[side.kind]}.", lede)
    return Headline(f"{where}: {len(board.rows)} checkpoints, and no spread that would rank them.", lede)


_AS = {"linear": "as a frozen backbone", "full": "when everything is fine-tuned"}


def _two_sides(where: str, frozen: Sequence[Row], tuned: Sequence[Row], rows: int) -> str:
    both = [row for row in frozen if any(row.name == other.name for other in tuned)]
    if not both:
        best = "checkpoint differs" if len(frozen) == len(tuned) == 1 else "checkpoints differ"
        return f"Freeze the backbone or fine-tune it all? {where} the best {best}."
    if len(frozen) == len(tuned) == 1:
        return f"{where} {both[0].title} is best, frozen and fine-tuned."
    if len(both) == rows:
        return f"{where} the noise cannot tell the {rows} checkpoints apart, frozen or fine-tuned."
    if len(both) == 1:
        return f"{where} {both[0].title} is among the best both frozen and fine-tuned."
    return f"{where} {len(both)} of {rows} checkpoints share the first place, frozen and fine-tuned."


def _leader(best: Sequence[Row], rows: int) -> str:
    if len(best) == 1:
        return f"{best[0].title} is the best of {rows} checkpoints"
    return f"{len(best)} of {rows} checkpoints cannot be told apart from the best"


def _best(rows: Sequence[Row], kind: str) -> list[Row]:
    """Everything whose rank interval reaches the first place."""
    return [row for row in rows if (rank := row.ranks.get(kind)) is not None and rank.may_be_first]


def _lede(board: Board) -> str:
    parts = []
    for side in board.sides:
        best = _best(board.rows, side.kind)
        if len(best) == 1:
            cell = best[0].cells[side.kind]
            unit = "%" if side.unit == "%" else "points"
            parts.append(f"{side.short.lower()} {best[0].title} ({cell.text}\u00a0{unit}\u00a0{cell.spread})")
    if not board.sides:
        return "This suite has no transfer tasks."
    side = board.sides[0]
    over = f"over {len(side.columns)} transfer tasks" if len(side.columns) > 1 else f"on {side.columns[0].task.title}"
    measure = "Error change against the dense parent" if side.unit == "%" else "Points of error above the dense parent"
    tail = f"Best here: {', '.join(parts)}." if parts and len(board.rows) > 1 else ""
    return f"{measure} {over}; lower is better. {tail}".strip()
