"""A text, a place in it, and errors that show the place."""

import re

from ..errors import QueryError

TEXT = re.compile(r'[^\s"<>=,]+')
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_SHOWN = 64  # characters of the query around the place


class Scanner:
    """Reads a text from left to right; ``position`` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def skip_space(self) -> bool:
        """Go to the next character that is not whitespace; False at the end."""
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1
        return self.position < len(self.text)

    def at_gap(self) -> bool:
        """Whether a term may end here."""
        return self.position == len(self.text) or self.text[self.position].isspace()

    def looking_at(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What the pattern matches here; the position stays."""
        return pattern.match(self.text, self.position)

    def take(self, expected: str, *, followed: bool = False) -> bool:
        """Go past ``expected`` if it stands here (and, if wanted, something other than whitespace follows)."""
        end = self.position + len(expected)
        if not self.text.startswith(expected, self.position):
            return False
        if followed and (end == len(self.text) or self.text[end].isspace()):
            return False
        self.position = end
        return True

    def error(self, sentence: str, at: int, length: int, hint: str | None = None) -> QueryError:
        """The error that shows ``length`` characters at a place; returned, for the caller to raise."""
        return pointing(self.text, sentence, at, length, hint)

    def unclosed(self) -> QueryError:
        """The error for a quote that begins here and never ends."""
        hint = 'Inside quotes write \\" and \\\\ for a quote and a backslash.'
        return self.error("This quote is not closed.", self.position, len(self.text) - self.position, hint)


def unescaped(text: str) -> str:
    """The inside of a quoted text, without its protecting backslashes."""
    return re.sub(r"\\(.)", r"\1", text)


def pointing(text: str, sentence: str, at: int, length: int, hint: str | None = None) -> QueryError:
    """``sentence``, then the text (the part around the place, if it is long) with a mark under the place."""
    start = max(0, at - _SHOWN // 2)
    shown = "".join(one if one.isprintable() else " " for one in text[start : start + _SHOWN])
    marks = max(1, min(length, _SHOWN - (at - start)))
    lead = "… " if start else ""
    tail = " …" if start + _SHOWN < len(text) else ""
    line = f"{lead}{shown}{tail}"
    return QueryError(f"{sentence}\n  {line}\n  {' ' * (len(lead) + at - start)}{'^' * marks}", hint)
