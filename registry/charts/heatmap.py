"""Accuracy under each corruption at each severity, as a table of shaded cells."""

from collections.abc import Mapping, Sequence

from .svg import described, element

CELL_WIDTH, CELL_HEIGHT, LEFT, TOP = 64, 28, 150, 46


def corruption_heat_map(
    values: Mapping[tuple[str, int], float], corruptions: Sequence[str], severities: Sequence[int], title: str
) -> str:
    """``values`` maps (corruption, severity) to a fraction; a missing cell is drawn empty with an en dash.

    Shades are ``h0`` (0 to 20 %) … ``h4`` (80 to 100 %): fixed steps, so that two models' maps can be compared.
    """
    parts = [element("text", text=title, class_="title", x=0, y=14)]
    for column, severity in enumerate(severities):
        x = LEFT + column * CELL_WIDTH + CELL_WIDTH / 2
        parts.append(element("text", text=f"severity {severity}", class_="tick", x=x, y=TOP - 8, text_anchor="middle"))
    for row, corruption in enumerate(corruptions):
        y = TOP + row * CELL_HEIGHT
        label = corruption.replace("_", " ")
        parts.append(element("text", text=label, class_="name", x=LEFT - 10, y=y + 18, text_anchor="end"))
        for column, severity in enumerate(severities):
            parts.append(_cell(values.get((corruption, severity)), label, severity, LEFT + column * CELL_WIDTH, y))
    words = "; ".join(f"{name} {severity}: {value * 100:.1f} %" for (name, severity), value in values.items())
    width, height = LEFT + CELL_WIDTH * len(severities), TOP + CELL_HEIGHT * len(corruptions)
    return element(
        "svg",
        described(title, words),
        *parts,
        class_="chart heat",
        viewBox=f"0 0 {width} {height}",
        role="img",
    )


def _cell(value: float | None, corruption: str, severity: int, x: float, y: float) -> str:
    words = "not measured" if value is None else f"{value * 100:.1f} %"
    shade = "none" if value is None else f"h{min(int(value * 5), 4)}"
    return element(
        "g",
        element("title", text=f"{corruption}, severity {severity}: {words}"),
        element("rect", x=x + 1, y=y + 1, width=CELL_WIDTH - 2, height=CELL_HEIGHT - 2, rx=3),
        element(
            "text",
            text="–" if value is None else f"{value * 100:.1f}",
            x=x + CELL_WIDTH / 2,
            y=y + 18,
            text_anchor="middle",
        ),
        class_=f"cell {shade}",
    )
