"""How a metric spreads over corruptions as they grow: a box a severity, from least to most."""

from collections.abc import Mapping

from ..statistics import Quartiles
from .scales import Scale, linear_scale, round_ticks, tick_text
from .svg import described, element, number

WIDTH, HEIGHT = 460, 262
LEFT, RIGHT, TOP, BOTTOM = 44, 416, 36, 222
_BOX = 34


def severity_boxes(
    title: str,
    boxes: Mapping[int, Quartiles],
    *,
    clean: float | None = None,
    high: float | None = None,
    unit: str = "%",
) -> str:
    """A box from the first to the third quartile over corruptions, its median, whiskers to the least and the most.

    Values from 0 in ``unit``, to ``high`` if it is given; ``clean`` is drawn as a dashed line. Empty without boxes.
    """
    if not boxes:
        return ""
    most = max([box.high for box in boxes.values()] + ([] if clean is None else [clean]))
    ticks = round_ticks(0.0, most if high is None else high)
    y = linear_scale(0.0, ticks[-1], BOTTOM, TOP + 4)
    step = (RIGHT - LEFT) / len(boxes)
    parts = [element("text", text=title, class_="title", x=0, y=18)]
    for tick in ticks:
        parts.append(element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y(tick), y2=y(tick)))
        text = tick_text(tick, ticks)
        parts.append(element("text", text=text, class_="tick", x=LEFT - 6, y=y(tick) + 4, text_anchor="end"))
    if clean is not None:
        parts.append(element("line", class_="zero", x1=LEFT, x2=RIGHT, y1=y(clean), y2=y(clean)))
        parts.append(element("text", text="clean", class_="tick", x=RIGHT + 5, y=y(clean) + 4))
    for place, (severity, box) in enumerate(boxes.items()):
        middle = LEFT + (place + 0.5) * step
        parts.append(_box(severity, box, middle, y, unit))
        parts.append(element("text", text=str(severity), class_="tick", x=middle, y=BOTTOM + 16, text_anchor="middle"))
    parts.append(
        element("text", text="severity", class_="tick", x=(LEFT + RIGHT) / 2, y=BOTTOM + 34, text_anchor="middle")
    )
    words = "; ".join(_words(severity, box, unit) for severity, box in boxes.items())
    return element(
        "svg",
        described(title, words),
        *parts,
        class_="chart boxes",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _box(severity: int, box: Quartiles, middle: float, y: Scale, unit: str) -> str:
    left, right = middle - _BOX / 2, middle + _BOX / 2
    height = max(y(box.first) - y(box.third), 1.0)
    return element(
        "g",
        element("title", text=_words(severity, box, unit)),
        element("line", class_="whisker", x1=middle, x2=middle, y1=y(box.low), y2=y(box.first)),
        element("line", class_="whisker", x1=middle, x2=middle, y1=y(box.third), y2=y(box.high)),
        *[
            element("line", class_="whisker", x1=middle - 7, x2=middle + 7, y1=y(end), y2=y(end))
            for end in (box.low, box.high)
        ],
        element("rect", class_="box", x=left, y=y(box.third), width=_BOX, height=height, rx=2),
        element("line", class_="median", x1=left, x2=right, y1=y(box.median), y2=y(box.median)),
    )


def _words(severity: int, box: Quartiles, unit: str) -> str:
    low, first, median, third, high = (number(value) for value in box[:5])
    return (
        f"severity {severity}, {box.n} corruptions: median {median} {unit}, quartiles {first} and {third}, "
        f"from {low} to {high}"
    )
