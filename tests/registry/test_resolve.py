"""What a name stands for, and what a model that is nowhere answers."""

import pytest
from sqlalchemy import Engine

from registry.db.session import session_scope
from registry.errors import NotPullableError, UnknownRecordError
from registry.queries import list_models
from registry.resolve import resolve
from registry.sources import LocalSource

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_an_unknown_slug_suggests_the_nearest(reported_catalogue: Engine) -> None:
    with pytest.raises(UnknownRecordError, match="rigl/resnet50/0.91") as caught:
        resolve("rigl/resnet50/0.91", source=LocalSource(reported_catalogue), endpoint=None, token=None)
    assert caught.value.hint == "Did you mean 'rigl/resnet50/0.95'? Find models with: prunarium search"


def test_every_published_row_that_is_on_no_hub_says_where_it_is(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        rows = [row for row in list_models(session) if row.availability != "hub"]
    assert {row.availability for row in rows} >= {"import", "not_redistributable"}
    for row in rows[:: len(rows) // 100]:
        with pytest.raises(NotPullableError, match=row.availability) as caught:
            resolve(row.name, source=LocalSource(reported_catalogue), endpoint=None, token=None)
        assert caught.value.exit_code == 1
        assert caught.value.hint
        assert row.availability_detail is None or row.availability_detail.lower() in caught.value.hint.lower()


def test_a_commit_needs_neither_hub_nor_catalogue(sqlite_catalogue: Engine) -> None:
    source = LocalSource(sqlite_catalogue)
    pin = resolve(f"org/name@{COMMIT}", source=source, endpoint="http://127.0.0.1:9", token="secret")
    assert (pin.repo_id, pin.commit, pin.token, pin.checkpoint, pin.files) == ("org/name", COMMIT, "secret", None, {})
    assert "secret" not in repr(pin), "a log of what was asked must not give it away"
