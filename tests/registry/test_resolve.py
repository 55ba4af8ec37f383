"""What a name stands for, and what a model that is nowhere answers."""

import pytest
from sqlalchemy import Engine

from registry.db.session import session_scope
from registry.errors import NotPullableError, UnknownRecordError
from registry.queries import list_models
from registry.resolve import Target, parse_target, resolve
from registry.sources import LocalSource
from zoo.core.errors import UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gmp/resnet50/0.90", Target("gmp/resnet50/0.90", None)),
        ("org/name", Target("org/name", None)),
        ("org/name@v1", Target("org/name", "v1")),
        ("org/name@refs/pr/1", Target("org/name", "refs/pr/1")),
        (f"gmp/resnet50/0.90@{COMMIT}", Target("gmp/resnet50/0.90", COMMIT)),
        ("https://huggingface.co/org/name", Target("org/name", None)),
        ("http://127.0.0.1:7/org/name@v1", Target("org/name", "v1")),
        (" org/name ", Target("org/name", None)),
    ],
)
def test_targets(text: str, expected: Target) -> None:
    assert parse_target(text, "http://127.0.0.1:7") == expected


@pytest.mark.parametrize(
    "text", ["", "name", "a/b/c/d", "org/name@", "https://other.example/org/name", "../x/y", "a b/c"]
)
def test_everything_else_is_no_model(text: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        parse_target(text)


def test_an_unknown_slug_suggests_the_nearest(reported_catalogue: Engine) -> None:
    with pytest.raises(UnknownRecordError, match="rigl/resnet50/0.91") as caught:
        resolve("rigl/resnet50/0.91", source=LocalSource(reported_catalogue), endpoint=None, token=None)
    assert caught.value.hint is not None


def test_every_published_row_that_is_on_no_hub_says_where_it_is(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        rows = [row for row in list_models(session) if row.availability != "hub"]
    assert {row.availability for row in rows} >= {"import", "not_redistributable"}
    for row in rows:
        with pytest.raises(NotPullableError, match=row.availability) as caught:
            resolve(row.name, source=LocalSource(reported_catalogue), endpoint=None, token=None)
        assert caught.value.exit_code == 1
        assert caught.value.hint
        assert row.availability_detail is None or row.availability_detail in caught.value.hint


def test_a_commit_needs_neither_hub_nor_catalogue(sqlite_catalogue: Engine) -> None:
    source = LocalSource(sqlite_catalogue)
    pin = resolve(f"org/name@{COMMIT}", source=source, endpoint="http://127.0.0.1:9", token="secret")
    assert (pin.repo_id, pin.commit, pin.token, pin.checkpoint, pin.files) == ("org/name", COMMIT, "secret", None, {})
