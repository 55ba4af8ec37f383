from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import BadViewError
from leaderboard.view import BoardQuery, band_key, band_of

text = st.one_of(st.none(), st.text(min_size=1, max_size=12))


@given(text, text, st.sampled_from([None, "all", "0.90", "0.965"]), st.sampled_from([None, "all", "measured"]), text)
def test_the_address_holds_the_whole_state(
    suite: str | None, architecture: str | None, sparsity: str | None, trust: str | None, sort: str | None
) -> None:
    query = BoardQuery(suite=suite, architecture=architecture, sparsity=sparsity, trust=trust, sort=sort)
    pairs = parse_qsl(urlsplit(query.address()).query, keep_blank_values=True)
    assert BoardQuery.parse(pairs) == query


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("colour", "red")], "no setting 'colour'"),
        ([("sparsity", "1.5")], "not '1.5'"),
        ([("sparsity", "ninety")], "not 'ninety'"),
        ([("sparsity", "nan")], "not 'nan'"),
        ([("trust", "gossip")], "no trust level 'gossip'"),
        ([("density", "airy")], "no density 'airy'"),
        ([("budget", "many")], "not 'many'"),
        ([("budget", "0")], "not '0'"),
        ([("rows", "0")], "not '0'"),
        ([("rows", "1001")], "not '1001'"),
        ([("rows", "inf")], "not 'inf'"),
        ([("page", "0")], "none '0'"),
        ([("page", "1.5")], "none '1.5'"),
        ([("q", "sparsty>0.9")], "no field 'sparsty'"),
        ([("q", "resnet50 sort=bytes")], "sorted by its own columns"),
    ],
)
def test_a_bad_query_is_named(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BadViewError, match=message):
        BoardQuery.parse(pairs)


def test_a_form_sends_a_column_at_a_time_and_none_stands_for_no_column() -> None:
    assert BoardQuery.parse([("columns", "none"), ("columns", "runs"), ("columns", "epochs")]).columns == "runs,epochs"
    assert BoardQuery.parse([("columns", "none")]).columns == "none"


def test_another_view_begins_on_its_first_page() -> None:
    query = BoardQuery(page="3", rows="50")
    assert "page" not in query.address(sort="linear")
    assert "page=4" in query.address(page="4")
    assert query.window() == slice(100, 150)


def test_an_empty_value_counts_as_absent() -> None:
    assert BoardQuery.parse([("sparsity", ""), ("trust", "")]) == BoardQuery()


@given(st.floats(0.0, 0.999))
def test_a_band_is_near_its_sparsity_and_its_key_reads_back(sparsity: float) -> None:
    band = band_of(sparsity)
    assert abs(band - sparsity) <= 0.0126
    assert BoardQuery(sparsity=band_key(band)).band() == band_of(float(band_key(band)))
