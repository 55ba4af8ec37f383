"""The search in SQL finds what a loop over all records finds, in the same order, on both databases."""

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from query_oracle import AmbiguousError, Oracle
from query_shelves import catalogues, pool, write_plugins, write_shelves
from query_strategies import queries as any_queries
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry.db.session import session_scope
from registry.errors import QueryError
from registry.queries import find_models, list_models
from registry.queries._fields import COLUMNS
from registry.query import FIELDS, Query

WORDS = st.sampled_from(["", "gmp", "NET", "/1", "%", "_", "\\", "é", "É", "my org", "'", "org/", "100 %"])
QUERIES = st.lists(any_queries(pool, WORDS), min_size=1, max_size=6)


@pytest.fixture
def shelved(catalogue: Engine) -> Engine:
    with session_scope(catalogue, write=True) as session:
        write_plugins(session)
    return catalogue


@given(oracle=catalogues(), asked=QUERIES)
@settings(
    max_examples=settings().max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_sql_finds_what_a_loop_finds(shelved: Engine, oracle: Oracle, asked: list[Query]) -> None:
    with session_scope(shelved, write=True) as session:
        rows = session.begin_nested()
        write_shelves(session, oracle)
        for query in asked:
            _compare(session, oracle, query)
        rows.rollback()


def _compare(session: Session, oracle: Oracle, query: Query) -> None:
    try:
        expected = oracle.answer(query)
    except AmbiguousError:
        event("ambiguous")
        with pytest.raises(QueryError, match="several protocols"):
            find_models(session, query)
        return
    event("some" if 0 < len(expected) < len(oracle.shelves) else "all or none")
    page = find_models(session, query, limit=100)
    assert [row.name for row in page.rows] == expected, str(query)
    assert page.total == len(expected)
    part = find_models(session, str(query), limit=2, offset=1)
    assert ([row.name for row in part.rows], part.total) == (expected[1:3], len(expected))
    cells = {name: oracle.cell(name) for name in page.metrics}
    for row in page.rows:
        shelf = next(one for one in oracle.shelves if one.model.name == row.name)
        for name in query.fields:
            if name not in FIELDS or not FIELDS[name].kind.is_text:
                assert row.values[name] == pytest.approx(oracle.value(shelf, name, cells), nan_ok=False), name


def test_every_field_has_its_place_in_the_tables() -> None:
    assert {*COLUMNS, "trust", "trained_on"} == set(FIELDS)


def found(engine: Engine, text: str, limit: int = 1000) -> list[str]:
    with session_scope(engine) as session:
        return [row.name for row in find_models(session, text, limit=limit).rows]


def test_published_rows_by_hand(reported_catalogue: Engine) -> None:
    assert found(reported_catalogue, "method=ac-dc architecture=resnet50") == [
        f"ac-dc/resnet50/{sparsity}" for sparsity in ("0.80", "0.90", "0.95", "0.98")
    ]
    assert found(reported_catalogue, "method=rigl-5x sparsity=96.5%") == ["rigl-5x/resnet50/0.97-ls"]
    assert set(found(reported_catalogue, "WOODFISHER mobilenet")) == {
        f"{method}/mobilenetv1/{sparsity}-{rest}"
        for method, rests in (("woodfisher", ("best", "last")), ("gmp", ("woodfisher-best", "woodfisher-last")))
        for sparsity in ("0.75", "0.89")
        for rest in rests
    }
    everything = found(reported_catalogue, "")
    assert 0 < len(found(reported_catalogue, "%")) < len(everything)
    assert found(reported_catalogue, "no such model") == []
    assert found(reported_catalogue, "", limit=7) == everything[:7]
    with session_scope(reported_catalogue) as session:
        assert everything == [model.name for model in list_models(session)]


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("imagnet.top1>0.5", "The catalogue has no task 'imagnet'.", "Did you mean 'imagenet'?"),
        ("gmp imagenet.top>0.5", "The catalogue has no metric 'top'.", "Did you mean 'top1'?"),
        ("cifar10.top1@liner>0.5", "The catalogue has no protocol 'liner'.", "Did you mean 'linear'?"),
        ("sort=cifar10@9.top1", "The task cifar10 has no version '9'.", "Known: ist2022"),
        ("has:pets.mean-per-class", "pets.mean-per-class was measured by several protocols, which are never one score.",
         "Write pets.mean-per-class@full or pets.mean-per-class@linear."),
        ("imagenet.top1>75", "A value of imagenet.top1 is never 75.", "Write 75% if you mean percent."),
    ],
)  # fmt: skip
def test_metrics_that_cannot_be_meant_are_shown(
    text: str, sentence: str, hint: str, reported_catalogue: Engine
) -> None:
    with pytest.raises(QueryError) as error:
        found(reported_catalogue, text)
    assert error.value.message.startswith(sentence)
    assert error.value.message.count("\n") == 2
    assert hint in (error.value.hint or "")


def test_a_query_names_eight_metrics_at_most(reported_catalogue: Engine) -> None:
    tasks = ["aircraft", "birdsnap", "caltech101", "caltech256", "cars", "cifar10", "cifar100", "dtd", "food101"]
    eight = [f"has:{task}.top1@linear" for task in tasks[:8]]
    assert found(reported_catalogue, " ".join(eight)) == []
    with pytest.raises(QueryError, match="8 metrics at most"):
        found(reported_catalogue, " ".join([*eight, "has:food101.top1@linear"]))
