"""docs/queries.md: its examples run, its table of fields and its grammar are the code's."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.db.session import session_scope
from registry.errors import QueryError
from registry.queries import find_models
from registry.query import FIELDS, parse, parser

TEXT = (Path(__file__).parents[3] / "docs" / "queries.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `(.+?)` \| ", TEXT.partition("## What the terms mean")[0], re.MULTILINE)
# Of what the published rows say nothing.
FIND_NOTHING = {"bytes<10MB", "flops<=1.5GFLOPs", "has:bytes", "trust=measured"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_finds_some_of_the_published_models(example: str, reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        everything = find_models(session).total
        total = find_models(session, example).total
    assert (total == 0) == (example in FIND_NOTHING)
    assert total < everything


def test_the_example_of_a_mistake_is_what_one_sees() -> None:
    shown = re.search(r"```\n(There is no field.*?)\n```", TEXT, re.DOTALL)
    assert shown is not None
    with pytest.raises(QueryError) as error:
        parse("resnet50 sparsty>=0.9")
    assert str(error.value) == shown[1]


def test_the_table_of_fields_is_complete() -> None:
    rows = re.findall(r"^\| `(\S+)` \| (.+?) \| (.+) \|$", TEXT.partition("## Fields")[2], re.MULTILINE)
    assert rows == [
        (field.name, ", ".join(field.choices) or field.kind.value, field.meaning) for field in FIELDS.values()
    ]


def test_the_grammar_is_the_parsers() -> None:
    shown = TEXT.partition("## Grammar\n\n```\n")[2].partition("```")[0].strip().splitlines()
    assert shown
    assert parser.__doc__ is not None
    assert set(shown) <= set(parser.__doc__.splitlines())
    assert len(EXAMPLES) >= 15
