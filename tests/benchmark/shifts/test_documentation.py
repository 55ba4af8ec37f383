"""docs/shifts.md has a row for every published shift, and none of one that is gone."""

from pathlib import Path

from benchmark.shifts import SHIFTS, PublishedShift

PAGE = (Path(__file__).parents[3] / "docs" / "shifts.md").read_text()


def row(shift: PublishedShift) -> str:
    """The line of the page; that of a new shift can be pasted from the failing test."""
    n = "as found" if shift.n_each is None else f"{shift.n_each:,}"
    cells = (
        *(f"`{shift.id}`", shift.title, f"{n} × {len(shift.conditions)}", str(shift.classes)),
        *(f"`{shift.place_variable}`", shift.layout.description, shift.licence),
    )
    return f"| {' | '.join(cells)} |"


def test_each_has_its_row() -> None:
    rows = [row(shift) for _, shift in SHIFTS.items() if isinstance(shift, PublishedShift)]
    assert [line for line in PAGE.splitlines() if line.startswith("| `")] == rows
