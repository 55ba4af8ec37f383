"""What the rows of a board are and how they came about, in one breath."""

from .board import Board


def caption(board: Board) -> str:
    """The table's caption."""
    sentences = [_what(board)]
    trust = {level for row in board.rows for level in row.trust}
    if trust & {"reported", "derived"}:
        sentences.append("Published by others, not measured here; sources on the about page.")
    runs = {len(row.entry.models) for row in board.rows}
    if any(count > 1 for count in runs):
        runs_text = f"{min(runs)} to {max(runs)}" if len(runs) > 1 else f"{runs.pop()}"
        sentences.append(
            f"± is 95 % by Student's t over {runs_text} training runs, each against the dense run of its own seed."
        )
    elif board.rows:
        changes = [cell.change for row in board.rows for cell in row.cells.values()]
        covered = dict.fromkeys(change.why for change in changes if change is not None and change.half is not None)
        if covered:
            sentences.append(f"± is {'; or '.join(covered)}.")
        sentences.append("One upstream run each: this ranks checkpoints, not methods.")
    if board.query.sort is None and any(row.front for row in board.rows):
        sentences.append("The front comes first.")
    if any(cell.median is not None for row in board.rows for cell in row.cells.values()):
        sentences.append("Tick: median task.")
    return " ".join(sentences)


def _what(board: Board) -> str:
    architecture = board.filters.label("architecture") if board.filters.architecture else "All architectures"
    sparsity = board.filters.label("sparsity")
    where = f"{architecture} at {sparsity} sparsity" if board.band is not None else f"{architecture} at all sparsities"
    return f"{where}."
