"""What went wrong, and what to do."""

from dataclasses import dataclass
from typing import ClassVar

from ..context import PageContext, Trouble


@dataclass(frozen=True, kw_only=True)
class ErrorContext(PageContext):
    """``status`` is the HTTP status; ``trouble`` says what is wrong, and what to do next if anything is known."""

    template: ClassVar[str] = "error.html"

    status: int
    trouble: Trouble
