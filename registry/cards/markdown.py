"""Markdown from untrusted words: a title, a data name or a package version can break no row and act as no markup."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_UNITS = (("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18))
_ACTIVE = frozenset("\\`*_[]<>|#~$&!")
# GitHub-flavoured Markdown makes links of these without any brackets.
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.)")


def text(value: str) -> str:
    """Free text on one line, without the characters that Markdown or HTML would act on.

    >>> text("<b> a | b")
    '\\\\<b\\\\> a \\\\| b'
    """
    escaped = "".join(f"\\{letter}" if letter in _ACTIVE else letter for letter in _one_line(value))
    return _AUTOLINK.sub(lambda match: f"{match[0]}&#8203;", escaped)


def code(value: str) -> str:
    """A code span that shows ``value`` as it is, also inside a table.

    >>> code("a|b"), code("`")
    ('`a\\\\|b`', '`` ` ``')
    """
    line = _one_line(value)
    if not line:
        return "–"
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{line.replace('|', chr(92) + '|')}{padding}{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A table of cells that are Markdown already; ``align`` holds one of ``l r`` per column, left by default."""
    rules = ["--:" if letter == "r" else "---" for letter in align.ljust(len(header), "l")]
    return "\n".join(_row(cells) for cells in (header, rules, *rows))


def engineering(count: float) -> str:
    """Three significant digits with a unit prefix.

    >>> engineering(8179000000)
    '8.18 G'
    """
    prefix, exponent = next(
        ((prefix, exponent) for prefix, exponent in reversed(_UNITS) if abs(count) >= 10**exponent), _UNITS[0]
    )
    return f"{count / 10**exponent:.3g} {prefix}".strip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _one_line(value: str) -> str:
    """White space as single blanks; control and direction characters, which could hide what follows, left out."""
    line = " ".join(value.split())
    return "".join(letter for letter in line if unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
