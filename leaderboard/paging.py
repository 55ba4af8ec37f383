"""Long lists come in pages: how many entries, behind how many, and where the next ones are."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request

MOST = 10**9
"""Beyond any list and any number of a row, and within what a database takes as a number."""

Limit = Annotated[int, Query(ge=1, le=1000, description="Most entries in one answer, at most 1000.")]
Offset = Annotated[int, Query(ge=0, le=MOST, description="Entries to leave out first.")]


def next_address(request: Request, offset: int, total: int) -> str | None:
    """The address of the entries behind ``offset``; None behind the last."""
    return address_at(request, offset) if offset < total else None


def address_at(request: Request, offset: int) -> str:
    """The request's own address with another offset."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
    return f"{request.url.path}?{urlencode([*pairs, ('offset', offset)])}"
