"""Where the zeros are: one bar per layer, in the order of the network."""

from collections.abc import Sequence
from dataclasses import dataclass

from .svg import described, element

BAR, LEFT, WIDTH = 16, 210, 720


@dataclass(frozen=True)
class LayerBar:
    """A prunable tensor: its name, how many weights it has, how many are not zero."""

    name: str
    elements: int
    nonzeros: int

    @property
    def sparsity(self) -> float:
        """The fraction of zeros, 0 for a tensor without elements."""
        return 1.0 - self.nonzeros / self.elements if self.elements else 0.0


def layer_sparsity_bars(layers: Sequence[LayerBar], overall: float, title: str = "Sparsity per layer") -> str:
    """Bars from 0 to 100 %, thick where the layer holds many weights, with the overall sparsity as a line."""
    if not layers:
        return ""
    largest = max(layer.elements for layer in layers)
    span = WIDTH - LEFT - 130
    height = BAR * len(layers) + 40
    parts = [_axis(span, height, overall)]
    for index, layer in enumerate(layers):
        middle = 22 + BAR * index + BAR / 2
        thickness = 3 + 10 * (layer.elements / largest) ** 0.5
        words = (
            f"{layer.name}: {layer.sparsity * 100:.1f} % zeros, {layer.nonzeros:,} of {layer.elements:,} weights kept"
        )
        parts.append(
            element(
                "g",
                element("title", text=words),
                element("text", text=_short(layer.name), class_="name", x=LEFT - 10, y=middle + 4, text_anchor="end"),
                element("rect", class_="track", x=LEFT, y=middle - 1, width=span, height=2),
                element(
                    "rect",
                    class_="fill",
                    x=LEFT,
                    y=middle - thickness / 2,
                    width=max(layer.sparsity * span, 0.6),
                    height=thickness,
                    rx=1.5,
                ),
                element(
                    "text",
                    text=f"{layer.sparsity * 100:.1f} %  of {_count(layer.elements)}",
                    class_="tick",
                    x=LEFT + span + 12,
                    y=middle + 4,
                ),
            )
        )
    description = "; ".join(f"{layer.name} {layer.sparsity * 100:.1f} %" for layer in layers)
    return element(
        "svg",
        described(title, description),
        *parts,
        class_="chart layers",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
    )


def _axis(span: int, height: int, overall: float) -> str:
    parts: list[str] = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = LEFT + share * span
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=18, y2=height - 16))
        parts.append(element("text", text=f"{share * 100:.0f} %", class_="tick", x=x, y=12, text_anchor="middle"))
    x = LEFT + overall * span
    parts.append(element("line", class_="overall", x1=x, x2=x, y1=18, y2=height - 16))
    parts.append(
        element("text", text=f"overall {overall * 100:.2f} %", class_="label", x=x, y=height - 3, text_anchor="middle")
    )
    return "".join(parts)


def _short(name: str) -> str:
    trimmed = name.removesuffix(".weight")
    return trimmed if len(trimmed) <= 30 else f"…{trimmed[-29:]}"


def _count(value: int) -> str:
    """Three significant digits with k or M.

    >>> _count(2_359_296), _count(640)
    ('2.36 M', '640')
    """
    if value >= 1_000_000:
        return f"{value / 1e6:.3g} M"
    return f"{value / 1e3:.3g} k" if value >= 1_000 else str(value)
