"""The base of every page's context."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """What the layout shows. A page adds its fields; its template may use exactly these, which a test compares.

    ``title`` is the window's title; ``here`` is the entry of the navigation that the page belongs to.
    """

    template: ClassVar[str]

    title: str
    here: str = ""
