"""The three things every chart needs: an element, a coordinate, a number as people read it."""

from functools import lru_cache
from html import escape
from typing import Final

MINUS: Final = "−"


def element(name: str, /, *children: str, text: str | None = None, **attributes: object) -> str:
    """One SVG element; ``class_`` becomes ``class``, other underscores become hyphens, None leaves an attribute out.

    ``children`` are finished markup; ``text`` and attribute values are escaped.

    >>> element("text", text="a < b", class_="tick", text_anchor="end")
    '<text class="tick" text-anchor="end">a &lt; b</text>'
    """
    written = "".join(
        [
            f' {_written(key)}="{escape(value) if isinstance(value, str) else coordinate(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    inside = "".join(children) + (escape(text) if text is not None else "")
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


@lru_cache
def _written(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def coordinate(value: object) -> str:
    """A pixel position with at most one decimal, so that equal pictures are equal strings."""
    if isinstance(value, float):
        text = f"{value:.1f}"
        return text.removesuffix(".0") if text not in ("-0.0", "0.0") else "0"
    return str(value)


def number(value: float, decimals: int = 1) -> str:
    """``value`` with a real minus sign and no sign on zero.

    >>> number(-3.14159, 2)
    '−3.14'
    """
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.removeprefix("-")
    return text.replace("-", MINUS)


def signed(value: float, decimals: int = 1) -> str:
    """``value`` with ``+`` or a real minus sign; a value that rounds to zero has none.

    >>> signed(12.04), signed(-2.0), signed(0.01)
    ('+12.0', '−2.0', '0.0')
    """
    text = number(value, decimals)
    return text if text.startswith(MINUS) or float(text) == 0 else f"+{text}"


def described(title: str, description: str | None = None) -> str:
    """The ``<title>`` and ``<desc>`` that a screen reader reads for a picture."""
    return element("title", text=title) + (element("desc", text=description) if description else "")
