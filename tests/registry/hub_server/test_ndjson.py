"""The commit body comes in pieces of any size."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hub_requests import inline, ndjson
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server.errors import TooLargeError
from registry.hub_server.ndjson import Inline, lines, parse_header, parse_operation
from registry.hub_server.records import Limits

LIMITS = Limits(inline_bytes=3000, commit_bytes=100_000)


def read(chunks: list[bytes], limits: Limits = LIMITS) -> list[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def collect() -> list[bytes]:
        return [line async for line in lines(stream(), limits)]

    return asyncio.run(collect())


BODY = ndjson(inline("a", b"1"), inline("b", bytes(2000)), summary="two\nlines", parentCommit="0" * 40)


@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=20))
def test_any_cut_gives_the_same_lines(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    chunks = [BODY[start:end] for start, end in pairwise(edges)]
    assert read(chunks) == BODY.split(b"\n")


def test_lines_mean_what_was_sent() -> None:
    first, *rest = read([BODY])
    header = parse_header(first)
    assert (header.summary, header.description, header.parent) == ("two lines", "", "0" * 40)
    assert [parse_operation(line, LIMITS) for line in rest] == [Inline("a", b"1"), Inline("b", bytes(2000))]


def test_empty_lines_and_windows_ends_are_skipped() -> None:
    assert [parse_header(line).summary for line in read([b"\r\n\n" + ndjson() + b"\r\n\n"])] == ["test"]


def test_a_line_without_end_is_cut_at_its_limit() -> None:
    endless = [b"x" * 1000] * 90
    with pytest.raises(TooLargeError, match="line"):
        read(endless)
    with pytest.raises(TooLargeError, match="commit"):
        read([b"x\n" * 50_001])


def test_content_may_be_plain_text() -> None:
    line = b'{"key": "file", "value": {"path": "a", "content": "\\u00e4", "encoding": "utf-8"}}'
    assert parse_operation(line, LIMITS) == Inline("a", "ä".encode())
