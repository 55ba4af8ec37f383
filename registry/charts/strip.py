"""A row of small squares, one per task: which tasks a checkpoint wins and loses, at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .svg import described, element

PITCH, SIZE, HEIGHT = 13, 11, 22
_STEPS = (2.5, 12.0, 28.0)


@dataclass(frozen=True)
class StripCell:
    """One task: its name, the error change (None: missing), whether its interval excludes zero (None: there is no
    interval), and the full text."""

    name: str
    change: float | None
    resolved: bool | None
    text: str


def shade(change: float | None, resolved: bool | None) -> str:
    """CSS class: ``none`` missing, ``t0`` cannot be told apart, ``b1``…``b4`` better, ``w1``…``w4`` worse, with
    ``open`` beside it where no interval backs the colour.

    Steps at 2.5, 12 and 28 %: about the quartiles of the 600 published cells.
    """
    if change is None:
        return "none"
    if resolved is False:
        return "t0"
    depth = 1 + sum(abs(change) >= step for step in _STEPS)
    return f"{'b' if change < 0 else 'w'}{depth}{'' if resolved else ' open'}"


def task_strip(cells: Sequence[StripCell], label: str) -> str:
    """The strip; each square is a picture of its own, whose text is its tooltip and what a screen reader reads."""
    # Written out, and sized by the style sheet: a board draws thousands of them.
    squares = [
        f'<rect role="img" class="{shade(cell.change, cell.resolved)}" x="{index * PITCH}">'
        f"<title>{escape(cell.text)}</title></rect>"
        for index, cell in enumerate(cells)
    ]
    width = max(len(cells) * PITCH - (PITCH - SIZE), SIZE)
    return element(
        "svg",
        described(label),
        *squares,
        class_="strip",
        viewBox=f"0 0 {width} {HEIGHT}",
        width=width,
        height=HEIGHT,
        role="group",
    )


def task_strip_header(names: Sequence[str]) -> str:
    """The task names over the squares, slanted so that twelve of them fit."""
    slope = 62
    texts = [
        element("text", text=name, transform=f"translate({index * PITCH + SIZE / 2 + 3:.1f} 54) rotate(-{slope})")
        for index, name in enumerate(names)
    ]
    width = max(len(names) * PITCH - (PITCH - SIZE), SIZE)
    # The last names lean over the next column: the style sheet lets them.
    return element(
        "svg",
        *texts,
        class_="strip head",
        viewBox=f"0 0 {width} 58",
        width=width,
        height=58,
        overflow="visible",
        aria_hidden="true",
    )
