"""Schemas 0003 and 0004 keep what older hubs hold: gates, pull requests, who made what, and all that hangs on it."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.hub_server.queries import discussions, history, repos


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Engine]:
    """The kept database of version 0001, with a gated repository and two pull requests."""
    path = tmp_path / "old.sqlite"
    shutil.copy(Path(__file__).parent / "upgrade_assets" / "0001.sqlite", path)
    path.chmod(0o644)
    connection = sqlite3.connect(path)
    connection.execute("update hub_repo set gated = 1")
    (oid,) = connection.execute("select oid from hub_commit").fetchone()
    for number in (1, 12):
        values = (f"refs/pr/{number}", oid)
        connection.execute("insert into hub_ref (repo_id, name, commit_oid, is_tag) values (1, ?, ?, 0)", values)
    connection.commit()
    connection.close()
    engine = make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def test_an_older_hub(old: Engine) -> None:
    counted = "select (select count(*) from hub_commit), (select count(*) from hub_entry)"
    with old.connect() as connection:
        before = connection.execute(text(counted)).one()
    upgrade(old)
    with session_scope(old) as session:
        repo = repos.get_repo(session, "models", "org", "net")
        assert repo is not None
        assert (repo.gate, repo.creator) == ("manual", "ada")
        assert session.execute(text(counted)).one() == before
        found = discussions.list_discussions(session, repo.id)
        assert [(one.number, one.title, one.status, one.base) for one in found] == [
            (number, "First", "open", "refs/heads/main") for number in (12, 1)
        ]
        assert history.resolve(session, repo.id, "refs/pr/12") is not None
    with session_scope(old, write=True) as session:
        assert discussions.add_discussion(session, repo.id, "next", "ada", status="open", base=None).number == 13
