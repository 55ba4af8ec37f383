"""From texts to queries and back; every mistake is shown in its place."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query_strategies import queries, spaced

from registry.errors import QueryError
from registry.query import Comparison, Has, Query, Range, Sort, Word, parse


@given(queries())
def test_what_is_written_is_read_again(query: Query) -> None:
    assert parse(str(query)) == query


@given(queries(), st.randoms(use_true_random=False))
def test_space_around_operators_and_before_units_means_nothing(query: Query, random: Random) -> None:
    assert parse(spaced(query, random)) == query


@given(st.text(max_size=60) | st.text(alphabet='ab.@"\\,=<>!-: 0195%MB', max_size=30))
def test_any_text_is_a_query_or_a_clear_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        sentence, shown, marks = error.message.split("\n")
        assert sentence.endswith((".", "?"))
        assert set(marks) == {" ", "^"}
        assert len(marks) <= len(shown) + 1
    else:
        assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("gmp  resnet50", (Word("gmp"), Word("resnet50"))),
        ('"two words" -"-x"', (Word("two words"), Word("-x", negated=True))),
        (r'"a \"quote\" and \\"', (Word(r'a "quote" and \ '.strip()),)),
        ("-rigl - --x", (Word("rigl", negated=True), Word("-"), Word("-x", negated=True))),
        ("method=rigl,gmp", (Comparison("method", "=", ("rigl", "gmp")),)),
        ('licence!="CC BY 4.0",mit', (Comparison("licence", "!=", ("CC BY 4.0", "mit")),)),
        ("-has:parent", (Has("parent", negated=True),)),
        ("sparsity=0.9..0.95,0.5", (Comparison("sparsity", "=", (Range(0.9, 0.95), Range(0.5, 0.5))),)),
        ("epochs=100.. replicate!=..3", (
            Comparison("epochs", "=", (Range(100, None),)), Comparison("replicate", "!=", (Range(None, 3),)))),
        ("sparsity >= 75 %", (Comparison("sparsity", ">=", (Range(0.75, 0.75),)),)),
        ('sparsity>="75 %"', (Comparison("sparsity", ">=", (Range(0.75, 0.75),)),)),
        ("bytes<10MB", (Comparison("bytes", "<", (Range(1e7, 1e7),)),)),
        ("bytes<10 MB", (Comparison("bytes", "<", (Range(1e7, 1e7),)),)),
        ("bytes<10mb", (Comparison("bytes", "<", (Range(1e7, 1e7),)),)),
        ("bytes<10 mb", (Comparison("bytes", "<", (Range(10, 10),)), Word("mb"))),
        ("bytes=1KiB..2MiB", (Comparison("bytes", "=", (Range(1024, 2 * 1024**2),)),)),
        ("flops<=1.5GFLOPs nonzeros>2.5M", (
            Comparison("flops", "<=", (Range(1.5e9, 1.5e9),)), Comparison("nonzeros", ">", (Range(2.5e6, 2.5e6),)))),
        ("cifar10@ist2022.top1@1@linear@2>=.8", (
            Comparison("cifar10@ist2022.top1@1@linear@2", ">=", (Range(0.8, 0.8),)),)),
    ],
)  # fmt: skip
def test_terms(text: str, terms: tuple[object, ...]) -> None:
    assert parse(text).terms == terms


def test_order() -> None:
    assert parse("sort=-sparsity,name a sort=imagenet.top1").sort == (
        Sort("sparsity", descending=True), Sort("name"), Sort("imagenet.top1"))  # fmt: skip


@pytest.mark.parametrize("percent", [0, 12.5, 29, 57, 75, 92.2, 99.5, 100])
def test_percent_is_the_same_float_as_the_fraction(percent: float) -> None:
    assert parse(f"sparsity={percent}%") == parse(f"sparsity={float(str(percent)) / 100!r}")


@pytest.mark.parametrize(
    ("text", "sentence", "place", "hint"),
    [
        ("gmp sparsty>=0.9", "There is no field 'sparsty'.", "sparsty", "Did you mean 'sparsity'?"),
        ("sparsity.prunabel<1", "There is no field 'sparsity.prunabel'.", "sparsity.prunabel", "'sparsity.prunable'?"),
        ("has:licnce", "There is no field 'licnce'.", "licnce", "'licence'?"),
        ("a sort=-qqqq", "There is no field 'qqqq'.", "qqqq", "Fields: name, method"),
        ("sort=trust", "Models cannot be put in order by trust.", "trust", ""),
        ("sparsity>=high", "Here a number is expected: sparsity is a fraction.", "high", "For example sparsity>=0.9"),
        ("sparsity>=75", "A fraction lies between 0 and 1.", "75", "Write 75% if you mean percent."),
        ("bytes<10MBit", "This is no number of bytes.", "10MBit", "Units here: k, M, G, T, B, kB"),
        ("bytes<1e400", "This is no number of bytes.", "1e400", ""),
        ("bytes<1_000", "Here a number is expected", "1_000", ""),
        ("sparsity=0.9..0.1", "This range ends before it begins.", "0.9..0.1", ""),
        ("sparsity=..", "A range has at least one end.", "..", "0.9..0.95"),
        ("sparsity>0.1..0.2", "This does not belong to a term.", ".", ""),
        ("sparsity>0.9,0.8", "Several values go with = or != only.", ",", ""),
        ("method>gmp", "The field method is a text: it is compared with = or !=.", ">", ""),
        ("method=", "Here a value of method is missing.", "", "a,b,c"),
        ("method=a,", "Here a value of method is missing.", "", ""),
        ("availability=hubb", "The field availability is never 'hubb'.", "hubb", "Did you mean 'hub'?"),
        ('a "b c', "This quote is not closed.", '"b c', "quotes"),
        ('method="b c', "This quote is not closed.", '"b c', ""),
        ('a"b"', "This does not belong to a term.", '"', ""),
        (">=3", "A comparison begins with the name of a field.", ">", ""),
        ("has:", "Here a field is missing.", "", ""),
        ("x.y.z>1", "'x.y.z' names no metric.", "x.y.z", "cifar10.top1@linear"),
        ("a\0b", "This character cannot be searched for.", " ", "Leave it out."),
        ("a" * 2001, "A query has 2,000 characters at most, this one 2,001.", "a", "two shorter"),
    ],
)
def test_mistakes_are_shown_in_their_place(text: str, sentence: str, place: str, hint: str) -> None:
    with pytest.raises(QueryError) as error:
        parse(text)
    first, shown, marks = error.value.message.split("\n")
    assert first.startswith(sentence)
    start, length = marks.index("^"), marks.count("^")
    assert shown[start : start + length] == place
    assert hint in (error.value.hint or "")
    assert error.value.exit_code == 2
