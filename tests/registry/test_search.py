"""The Python way to search: the query language, its shorthand, and one source or another."""

import pytest
from sqlalchemy import Engine

from registry.db.session import session_scope
from registry.errors import QueryError
from registry.queries import list_models
from registry.records import ModelRecord
from registry.search import query_of, search
from registry.sources import LocalSource, SnapshotSource


@pytest.fixture(scope="module")
def everything(reported_catalogue: Engine) -> list[ModelRecord]:
    with session_scope(reported_catalogue) as session:
        return list_models(session)


def test_without_a_query_everything_is_found(reported_catalogue: Engine, everything: list[ModelRecord]) -> None:
    assert [row.model for row in search(engine=reported_catalogue, limit=10**6)] == everything
    assert [row.model for row in search(engine=reported_catalogue, limit=3, offset=5)] == everything[5:8]


def test_shorthand_is_the_same_query(reported_catalogue: Engine) -> None:
    short = search("resnet50", engine=reported_catalogue, method="rigl", sparsity=0.9, sort="-name")
    assert short
    assert short == search("resnet50 method=rigl sparsity=0.9 sort=-name", engine=reported_catalogue)
    assert str(query_of(owner='an "odd" one', licence=None)) == 'owner="an \\"odd\\" one"'


def test_every_source_gives_the_same_rows(reported_catalogue: Engine) -> None:
    query = "sparsity>=0.9 imagenet.top1>70% sort=-imagenet.top1"
    local = LocalSource(reported_catalogue).models(query, limit=1000)
    snapshot = SnapshotSource().models(query, limit=1000)
    assert local.total == len(local.rows) > 10
    assert [(row.name, row.values) for row in local.rows] == [(row.name, row.values) for row in snapshot.rows]
    assert local.metrics == snapshot.metrics


def test_a_mistake_is_shown_in_its_place(reported_catalogue: Engine) -> None:
    with pytest.raises(QueryError) as error:
        search("resnet50", engine=reported_catalogue, metod="rigl")
    assert error.value.message == "There is no field 'metod'.\n  resnet50 metod=rigl\n           ^^^^^"
    assert error.value.hint == "Did you mean 'method'?"
