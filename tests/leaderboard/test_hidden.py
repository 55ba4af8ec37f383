"""What a moderator hid is gone for everybody, stays for moderators and its owner, and comes back whole."""

import sqlite3
from pathlib import Path

import pytest
from signed_in import browser, sign_in
from sqlalchemy import Engine, update

from leaderboard.static_site.data import write_parquet, write_sqlite
from registry import moderation, queries
from registry.db.models import Model
from registry.db.session import session_scope

REPORTED, MEASURED = "ac-dc/resnet50/0.90", "gmp/resnet8-digits/0.98-s1"


@pytest.mark.parametrize(
    ("model", "suite"), [pytest.param(REPORTED, "", marks=pytest.mark.slow), (MEASURED, "suite=digits-demo")]
)
def test_a_hidden_model_is_gone_from_the_board_the_search_the_api_and_comes_back(
    own_engine: Engine, model: str, suite: str
) -> None:
    client = browser(own_engine)
    places = (
        f"/?{suite}",
        f"/api/v1/board?{suite}",
        f"/api/v1/board.csv?{suite}",
        "/models",
        "/api/v1/models?limit=1000",
    )
    before = {place: client.get(place).text for place in places}
    job = _job_of(own_engine, model)
    receipt = None if job is None else client.get(f"/api/v1/receipts/{job}").status_code
    with session_scope(own_engine, write=True) as session:
        moderation.hide(session, "model", model, "mod", "a copy of theirs")
    for place in places:
        assert model in before[place] or "s1" in model, place
        assert f"/models/{model}" not in client.get(place).text, place
        assert f'"{model}"' not in client.get(place).text, place
    for page in (f"/models/{model}", f"/api/v1/models/{model}"):
        gone = client.get(page)
        assert gone.status_code == 404
        assert "a copy of theirs" not in gone.text
    with session_scope(own_engine, write=True) as session:
        moderation.show(session, "model", model, "mod", "settled")
    assert {place: client.get(place).text for place in places} == before
    assert receipt is None or client.get(f"/api/v1/receipts/{job}").status_code == receipt


def test_moderators_and_the_owner_read_the_reason(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        session.execute(update(Model).where(Model.slug == REPORTED).values(owner="ada"))
        moderation.hide(session, "model", REPORTED, "mod", "a copy of theirs")
    for name, role, status in (("ada", "submitter", 200), ("mod", "moderator", 200), ("eve", "submitter", 404)):
        page = sign_in(browser(own_engine), own_engine, name, role).get(f"/models/{REPORTED}")  # type: ignore[arg-type]
        assert page.status_code == status
        assert ("a copy of theirs" in page.text) == (status == 200)
        assert ("Show it again" in page.text) == (name == "mod")


def test_no_export_holds_it(own_engine: Engine, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    with session_scope(own_engine, write=True) as session:
        for model in (REPORTED, MEASURED):
            moderation.hide(session, "model", model, "mod", "theirs")
    write_sqlite(own_engine, tmp_path / "catalogue.sqlite")
    write_parquet(own_engine, tmp_path)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as copy:
        assert not copy.execute("select slug from model where slug in (?, ?)", (REPORTED, MEASURED)).fetchall()
        assert not copy.execute("pragma foreign_key_check").fetchall()
        assert copy.execute("select count(*) from model").fetchone()[0] > 100
    for table, column in (("models", "slug"), ("results", "model")):
        kept = pq.read_table(tmp_path / f"{table}.parquet", columns=[column])[column].to_pylist()
        assert not {REPORTED, MEASURED} & set(kept), table


def _job_of(engine: Engine, model: str) -> int | None:
    with session_scope(engine) as session:
        found = [row.job_id for row in queries.results(session, model=model) if row.job_id is not None]
    return found[0] if found else None
