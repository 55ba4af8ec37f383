"""Is a model that says 80 % right in 80 of 100 cases?"""

from collections.abc import Sequence
from dataclasses import dataclass

from .scales import linear_scale
from .svg import described, element

SIZE, LEFT, TOP, BOTTOM, RIGHT = 320, 40, 30, 284, 306


@dataclass(frozen=True)
class ReliabilityBin:
    """One confidence bin (low, high]: how many samples, their mean confidence and accuracy (fractions)."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability_diagram(bins: Sequence[ReliabilityBin], title: str) -> str:
    """Accuracy over confidence, bars against the diagonal; a bar's opacity grows with its share of the samples."""
    x, y = linear_scale(0.0, 1.0, LEFT, RIGHT), linear_scale(0.0, 1.0, BOTTOM, TOP)
    total = sum(entry.count for entry in bins)
    filled = [entry for entry in bins if entry.count]
    parts = [element("text", text=title, class_="title", x=LEFT, y=16)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y(tick), y2=y(tick)))
        parts.append(
            element("text", text=f"{tick * 100:.0f}", class_="tick", x=LEFT - 6, y=y(tick) + 4, text_anchor="end")
        )
        parts.append(
            element("text", text=f"{tick * 100:.0f}", class_="tick", x=x(tick), y=BOTTOM + 16, text_anchor="middle")
        )
    parts.append(element("line", class_="zero", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=TOP))
    for entry in filled:
        parts.append(
            element(
                "rect",
                element("title", text=_words(entry)),
                class_="fill",
                x=x(entry.low) + 1,
                y=y(entry.accuracy),
                width=max(x(entry.high) - x(entry.low) - 2, 1.0),
                height=max(BOTTOM - y(entry.accuracy), 0.6),
                opacity=f"{0.25 + 0.75 * (entry.count / total) ** 0.5:.2f}",
            )
        )
        parts.append(
            element(
                "line",
                class_="gap",
                x1=x(entry.confidence),
                x2=x(entry.confidence),
                y1=y(entry.confidence),
                y2=y(entry.accuracy),
            )
        )
    return element(
        "svg",
        described(title, "; ".join(map(_words, filled)) or "no samples"),
        *parts,
        class_="chart reliability",
        viewBox=f"0 0 {SIZE} {SIZE}",
        role="img",
    )


def _words(entry: ReliabilityBin) -> str:
    return (
        f"confidence {entry.low * 100:.0f} to {entry.high * 100:.0f} %: {entry.count} samples,"
        f" mean confidence {entry.confidence * 100:.1f} %, right {entry.accuracy * 100:.1f} %"
    )
