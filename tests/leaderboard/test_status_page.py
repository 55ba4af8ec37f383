"""The page of the queue: which workers there are, and where each submission stands, without telling secrets."""

import re
from html import unescape
from pathlib import Path

from queue_rows import PROTOCOL, SUITE, TASK, fill
from signed_in import browser, sign_in
from site_catalogues import empty_catalogue
from sqlalchemy.orm import Session

from registry import submissions
from registry.accounts import create_account
from registry.db.session import session_scope
from registry.queries.workers import worker_heard
from registry.submission_rules import Edit

PUBLIC = Edit(visibility="public")


def submit(session: Session, account_id: int, repo: str, checkpoint: int | None = None) -> str:
    record, _ = submissions.submit(
        session, hub_endpoint="h", hub_repo=repo, revision="main", suite=SUITE, actor="a", account_id=account_id
    )
    if checkpoint is not None:
        submissions.claim_check(session, "w")
        cells = [(TASK, PROTOCOL, 100 * record.id + number) for number in range(3)]
        minutes = dict.fromkeys(cells, 2.0)
        submissions.accept(session, record.public_id, 1, "w", checkpoint, cells, minutes=minutes)
    return record.public_id


def test_workers_and_the_place_of_each_submission(tmp_path: Path) -> None:
    engine = empty_catalogue(tmp_path / "site.sqlite")
    with session_scope(engine, write=True) as session:
        checkpoint, ada, bob = fill(session), create_account(session, "ada"), create_account(session, "bob")
        submissions.edit(session, submit(session, ada, "org/first", checkpoint), PUBLIC, "ada")
        submit(session, bob, "org/secret", checkpoint)
        submit(session, ada, "org/unchecked")
        nobody = browser(engine)
        assert "No worker was heard of lately" in nobody.get("/status").text
        worker_heard(session, "host-of-the-server/1", "NVIDIA H200")
        worker_heard(session, "token:bob/box", "cpu", bob)
    page = unescape(nobody.get("/status").text)
    assert re.findall(r'rowheader">(?:<a [^>]*>)?([\w /]+)', page) == [
        "cpu", "NVIDIA H200", "org/first", "a private submission", "a private submission",
    ]  # fmt: skip
    assert "host-of-the-server" not in page
    assert "org/secret" not in page
    assert re.findall(r'data-k="Its turn">(.*?) *</td>', page) == [
        "Done in about 3 minutes.", "1 of others come first. Done in about 4 minutes.", "now",
    ]  # fmt: skip
    hers = sign_in(browser(engine), engine, "ada").get("/status").text
    assert "org/unchecked" in hers
    assert "org/secret" not in hers
    assert "org/secret" in sign_in(browser(engine), engine, "mo", "moderator").get("/status").text
    engine.dispose()


def test_what_waits_for_its_check_is_under_way(tmp_path: Path) -> None:
    engine = empty_catalogue(tmp_path / "site.sqlite")
    with session_scope(engine, write=True) as session:
        fill(session)
        submit(session, create_account(session, "ada"), "org/unchecked")
    assert "<h1>1 submission is under way.</h1>" in browser(engine).get("/status").text
    engine.dispose()
