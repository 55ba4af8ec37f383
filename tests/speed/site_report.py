"""The page ``docs/site_speed.md``."""

from collections.abc import Sequence

from .machine import Machine
from .report import machine_text
from .site_times import Figure, middle

COLUMNS = ("Models", "What", "Median", "Range", "Times", "Promised")
_HEAD = """\
# Speed of the site

Written by `make speed` or `python tests/speed/run.py site`; not by hand. Made-up models in a SQLite catalogue, each
measured in forty columns (twelve tasks frozen and fine-tuned, eleven shifts, upstream accuracy and calibration, cost);
the board shows all forty, of all architectures and sparsities, each number with its interval. Times in the server are
those of the whole application, compression included, without a socket. No answer is kept between requests; what a
catalogue alone decides (a row's numbers and drawings) is kept until the catalogue changes, and two lines say what the
first request after a change pays. A sort is timed in a browser on the same machine, from the click to the frame after
the rows are in order; that browser is among the other processes whose share of the machine is told below (a fifth,
where there is nothing else). No test depends on these numbers.
"""
_BESIDE = """\
## Beside them

Measured before this site was built, with a bare prototype in headless Chromium on processors alone, so compare sizes
of effects, not milliseconds: a table of plain numbers without intervals, strips or drawings.

| What | 500 models × 33 columns, all rows | 2,000 models, all rows |
| --- | ---: | ---: |
| Jinja renders the table | 48 ms | 166 ms |
| its bytes, gzip | 113 kB | 447 kB |
| a sort by the server with htmx, seen | 227 ms (100 rows: 137 ms) | 932 ms |
| a sort of the same rows by a script | 304 ms | 2,071 ms |

Of other leaderboards no such figures are published; what their users reported: 20 s and 40 s for a table
(embeddings-benchmark/mteb issues 4411 and 4489).
"""


def site_page(machine: Machine, figures: Sequence[Figure]) -> str:
    """Machine, figures, and what stood beside them."""
    rule = ("---:", "---", "---:", "---:", "---:", "---:")
    lines = [f"| {' | '.join(cells)} |" for cells in (COLUMNS, rule)]
    return "\n".join([_HEAD, machine_text(machine), "", *lines, *map(site_row, figures), "", _BESIDE])


def site_row(figure: Figure) -> str:
    """A line of the table."""
    amounts = figure.amounts
    shown = (
        (f"**{_amount(middle(figure))} {figure.unit}**", f"{_amount(min(amounts))} – {_amount(max(amounts))}")
        if amounts
        else ("–", f"not measured: {figure.missing}")
    )
    goal = "" if figure.goal is None else f"below {figure.goal:g} {figure.unit}"
    return f"| {' | '.join((f'{figure.models:,}', figure.what, *shown, str(len(amounts)), goal))} |"


def _amount(value: float) -> str:
    """Three digits.

    >>> _amount(47.31), _amount(4.731), _amount(1467.2)
    ('47.3', '4.73', '1,467')
    """
    return f"{value:,.{max(0, 3 - len(str(int(value))))}f}"
