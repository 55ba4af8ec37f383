"""A chart that leaves the page: the same drawing with its own colours, for cards and papers."""

import re
from collections.abc import Sequence
from typing import Final

from .svg import element

LIGHT: Final = {
    "bg": "#ffffff", "ink": "#181c1a", "muted": "#5c665f", "line": "#e1e5e1", "accent": "#1d6b4f",
    "m0": "#1d6b4f", "m1": "#737b77", "m2": "#8a6a0c", "m3": "#b07cc6", "m4": "#7b3fa0", "m5": "#b3364c",
    "m6": "#3a4f9a", "m7": "#1f8085",
}  # fmt: skip
DARK: Final = {
    "bg": "#101412", "ink": "#e7ebe8", "muted": "#9aa69f", "line": "#2a312d", "accent": "#5cc49b",
    "m0": "#5cc49b", "m1": "#98a29c", "m2": "#d9b44a", "m3": "#a587bb", "m4": "#c79be6", "m5": "#f08a9b",
    "m6": "#93a8f0", "m7": "#5fc6cb",
}  # fmt: skip
_RULES: Final = (
    "text{font:11.5px system-ui,sans-serif;fill:var(--muted)}.title{font-size:14px;font-weight:650;fill:var(--ink)}"
    ".name{fill:var(--ink)}.grid{stroke:var(--line)}.zero,.overall{stroke:var(--muted);stroke-dasharray:3 3}"
    ".band,.track{fill:var(--accent);opacity:.09}.fill{fill:var(--accent)}.gap{stroke:var(--m5);stroke-width:2}"
    ".series polyline{fill:none;stroke:var(--c);stroke-width:2}.series circle{fill:var(--c)}"
    ".series .ci{stroke:var(--c);stroke-width:5;opacity:.3}.leader{stroke:var(--c);opacity:.35;fill:none}"
    ".others{fill:none;stroke:var(--muted);stroke-width:3.5;stroke-linecap:round;opacity:.3}"
    ".label,.clip{fill:var(--c,var(--ink));font-weight:600}.cell rect{fill:var(--accent)}.cell text{fill:var(--ink)}"
    ".h0 rect{opacity:.05}.h1 rect{opacity:.15}.h2 rect{opacity:.28}.h3 rect{opacity:.42}.h4 rect{opacity:.6}"
    ".none rect{opacity:0}"
    ".dot.standard{fill:var(--muted);opacity:.45}.dot.dense{fill:var(--m2);opacity:.8}.dot.pruned{fill:var(--m4);opacity:.8}"
    ".fit{fill:none;stroke:var(--ink);stroke-width:1.5}.line-band{fill:var(--ink);opacity:.14}"
    ".scatter-band{fill:var(--ink);opacity:.06}.named .label{fill:var(--ink);font-weight:500}"
    ".named .label{paint-order:stroke;stroke:var(--bg);stroke-width:3px}"
    ".named .leader{stroke:var(--muted)}.whisker{stroke:var(--muted);stroke-width:1.5}"
    ".box{fill:var(--accent);opacity:.3}.median{stroke:var(--accent);stroke-width:3}.paper{fill:var(--bg)}"
)
_MARGIN: Final = 14
_SIZE: Final = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


def standalone(svg: str, *captions: str) -> str:
    """``svg`` with the namespace, a style sheet for both colour schemes, and a ground with a margin to stand on.

    ``captions`` are lines under the picture that say what a page would say around it: which model, which images.

    A page may have a colour scheme of its own while the picture has the reader's: only on a ground of its own are its
    words legible in every case.
    """
    series = "".join(f".m{index}{{--c:var(--m{index})}}" for index in range(8))
    style = f":root{{{_tokens(LIGHT)}}}@media(prefers-color-scheme:dark){{:root{{{_tokens(DARK)}}}}}{series}{_RULES}"
    ground = element("rect", class_="paper", x=-_MARGIN, y=-_MARGIN, width="100%", height="100%", rx=6)
    framed = _SIZE.sub(_with_margin, _captioned(svg, captions), count=1)
    return framed.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{style}</style>{ground}", 1
    )


def _captioned(svg: str, captions: Sequence[str]) -> str:
    found = _SIZE.search(svg)
    if found is None or not captions:
        return svg
    width, height = (float(length) for length in found.groups())
    lines = "".join(
        element("text", text=line, class_="caption", x=0, y=height + 14 + 15 * place)
        for place, line in enumerate(captions)
    )
    taller = svg.replace(found[0], f'viewBox="0 0 {width:g} {height + 6 + 15 * len(captions):g}"', 1)
    return f"{taller.removesuffix('</svg>')}{lines}</svg>"


def _with_margin(size: re.Match[str]) -> str:
    width, height = (float(length) + 2 * _MARGIN for length in size.groups())
    return f'viewBox="{-_MARGIN} {-_MARGIN} {width:g} {height:g}"'


def _tokens(tokens: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in tokens.items())
