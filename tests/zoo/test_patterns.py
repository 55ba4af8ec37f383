"""Patterns as values: the passport's words there and back, and errors that say what there is."""

import pytest

from zoo.checkpoint.patterns import GROUP_SIZES
from zoo.core.errors import UsageError
from zoo.patterns import UNSTRUCTURED, Block, Channel, NByM, Pattern, parse_pattern

PATTERNS: list[Pattern] = [
    UNSTRUCTURED,
    *(NByM(n, m) for m in GROUP_SIZES for n in range(1, m)),
    *(Block(rows, columns) for rows in (1, 2, 16) for columns in (1, 4, 32) if rows * columns > 1),
    Channel(),
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_a_word_gives_the_pattern_that_writes_it(pattern: Pattern) -> None:
    assert parse_pattern(str(pattern)) == pattern


def test_the_words_are_the_passports() -> None:
    assert [str(pattern) for pattern in (NByM(2, 4), Block(4, 1), Channel(), UNSTRUCTURED)] == [
        "2:4",
        "block:4x1",
        "channel",
        "unstructured",
    ]
    assert (NByM(2, 4).sparsity, NByM(1, 16).sparsity) == (0.5, 0.9375)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("2-4", "There is no pattern '2-4'"),
        ("", "There is no pattern ''"),
        ("4:4", "N from 1 to below M"),
        ("2:6", "M one of 2, 4, 8, 16, 32; got 2:6"),
        ("block:3x4", "powers of two; got 3x4"),
        ("block:1x1", "more than one weight"),
    ],
)
def test_what_is_no_pattern_is_refused(word: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_pattern(word)


def test_scores_are_aggregated_where_there_are_units() -> None:
    assert parse_pattern("channel", "l2") == Channel("l2")
    assert parse_pattern("block:1x4", "sum") == Block(1, 4, "sum")
    for word in ("2:4", "unstructured"):
        with pytest.raises(UsageError, match="for blocks and channels alone"):
            parse_pattern(word, "mean")
    with pytest.raises(UsageError, match="by mean, sum, l2, got 'max'"):
        parse_pattern("channel", "max")
