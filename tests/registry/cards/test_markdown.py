"""Escaping, judged by a Markdown program that is not ours: whatever the words, they come out as they went in."""

from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from registry.cards.markdown import code, engineering, table, text

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")), min_size=1)


def _plain(html: str) -> str:
    return unescape(html).replace("\u200b", "")


@given(WORDS)
def test_text_comes_out_as_it_went_in(words: str) -> None:
    assert _plain(RENDERER.renderInline(f"x{text(words)}x")) == f"x{words}x"


@given(WORDS)
def test_code_comes_out_as_it_went_in_also_in_a_table(words: str) -> None:
    html = RENDERER.render(table(("a",), [(code(words),)]))
    assert _plain(html).count(f"<code>{words}</code>") >= 1


@given(st.text())
def test_a_row_stays_one_row_of_as_many_cells(words: str) -> None:
    html = RENDERER.render(table(("a", "b"), [(text(words), code(words))]))
    assert (html.count("<tr>"), html.count("<td>")) == (2, 2)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (999, "999"), (8_179_000_000, "8.18 G"), (3.1e15, "3.1 P"), (2e19, "20 E")]
)
def test_engineering(count: float, shown: str) -> None:
    assert engineering(count) == shown


def test_alignment_and_short_headers() -> None:
    assert table(("a", "b"), [("1", "2")], "lr") == "| a | b |\n| --- | --: |\n| 1 | 2 |"


@pytest.mark.parametrize("address", ["https://a.example/x", "HTTP://a.example", "www.a.example", "mailto:a@b.example"])
def test_no_address_becomes_a_link_by_itself(address: str) -> None:
    written = text(f"see {address}")
    assert address not in written
    assert _plain(RENDERER.renderInline(written)) == f"see {address}"


def test_what_cannot_be_seen_is_left_out() -> None:
    hidden: Any = "a\u202eb\x00c\u2066d"
    assert text(hidden) == "abcd"
    assert code("") == "–"
