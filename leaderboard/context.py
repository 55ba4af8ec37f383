"""The base of every page's context."""

from dataclasses import dataclass
from typing import ClassVar

from zoo.core.errors import PrunariumError


@dataclass(frozen=True)
class Trouble:
    """What was wrong with a request whose page is shown all the same, and what to do."""

    message: str
    hint: str | None

    @classmethod
    def of(cls, error: PrunariumError) -> "Trouble":
        """The words of an error."""
        return cls(error.message, error.hint)


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """What the layout shows. A page adds its fields; its template may use exactly these, which a test compares.

    ``title`` is the window's title; ``here`` is the entry of the navigation that the page belongs to.
    """

    template: ClassVar[str]

    title: str
    here: str = ""
