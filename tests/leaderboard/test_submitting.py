"""Handing in on the site: the form, what it refuses, the page of a submission, and what others see of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from queue_rows import CHECKPOINT, MODEL, fill, result
from signed_in import browser, form_token_of, sign_in
from site_catalogues import empty_catalogue
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.settings import SiteSettings
from registry import jobs, queries, submissions
from registry.db.session import session_scope
from registry.reasons import REASONS, Reason, told
from registry.records import SuiteRecord

SETTINGS = SiteSettings(hub_endpoint="https://hub.example.org")
GOOD = {"model": "org/net", "revision": "v1", "suite": "demo@1", "licence": "yes"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_catalogue(tmp_path / "site.sqlite")
    with session_scope(engine, write=True) as session:
        fill(session)
    yield engine
    engine.dispose()


@pytest.fixture
def ada(engine: Engine) -> TestClient:
    return sign_in(browser(engine, SETTINGS), engine, "ada")


def send(client: TestClient, path: str, seen_on: str | None = None, **values: Any) -> Any:
    csrf = form_token_of(client.get(seen_on or path).text)
    return client.post(path, data={"csrf": csrf} | values)


def handed_in(client: TestClient, **values: Any) -> str:
    answer = send(client, "/submit", **(GOOD | values))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_form_is_a_submission_with_everything_that_was_typed(engine: Engine, ada: TestClient) -> None:
    typed = {"method": "@ada/Wise", "parent": "org/dense", "training_data": "ImageNet-1k train", "note": "<b>first</b>"}
    place = handed_in(ada, **typed)
    page = ada.get(place)
    assert page.status_code == 200
    assert all(value in unescape(page.text) for value in (*typed.values(), "org/net@v1", "It waits for its check"))
    assert "<b>first" not in page.text
    assert page.headers["cache-control"] == "no-store"
    with session_scope(engine) as session:
        record = submissions.status(session, place.rpartition("/")[2]).submission
    assert (record.account, record.visibility, record.suite) == ("ada", "private", "demo@1")
    assert {name: getattr(record, name) for name in typed} == typed
    assert place in ada.get("/submissions").text


def test_the_same_again_is_the_same_submission_and_other_words_are_not_lost(ada: TestClient) -> None:
    place = handed_in(ada, note="first")
    assert handed_in(ada, note="first") == place
    answer = send(ada, "/submit", **(GOOD | {"note": "second"}))
    assert answer.status_code == 400
    assert f"Change it at {place}, or withdraw it there first." in unescape(answer.text)
    assert "second" in answer.text


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no model": ({"model": ""}, "Name a repository"),
    "no name": ({"model": "just a name"}, "names no model"),
    "two revisions": ({"model": "org/net@v2"}, "names a revision already"),
    "no revision": ({"revision": "a..b"}, "is no revision"),
    "a hub of nobody": ({"model": "https://evil.example/org/net", "revision": ""}, "takes no models from"),
    "no suite": ({"suite": "nothing@1"}, "no suite 'nothing@1'"),
    "no suite at all": ({"suite": ""}, "Choose what is to be measured"),
    "no method": ({"method": "wise"}, "Write @author/name"),
    "no parent": ({"parent": "dense!"}, "names no model"),
    "no licence": ({"licence": ""}, "tick the box"),
    "too long": ({"note": "x" * 1001}, "At most 1,000 characters"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(
    case: str, engine: Engine, ada: TestClient
) -> None:
    values, message = WRONG[case]
    typed = GOOD | {"note": "keep me", "training_data": 'ImageNet "1k"'} | values
    answer = send(ada, "/submit", **typed)
    assert answer.status_code == 400
    text = unescape(answer.text)
    assert message in text
    assert re.search(r'class="wrong" id="\w+-hint">[^<]', text)
    kept = {name: value for name, value in typed.items() if name not in ("suite", "licence")}
    assert all(value in text for value in kept.values())
    with session_scope(engine) as session:
        assert queries.list_submissions(session) == []
    # What was wrong is mended in the form that came back.
    csrf = form_token_of(answer.text)
    assert (
        ada.post("/submit", data=typed | {name: GOOD.get(name, "") for name in values} | {"csrf": csrf}).status_code
        == 303
    )


def test_nobody_hands_in_without_signing_in_or_without_the_form(engine: Engine, ada: TestClient) -> None:
    stranger = browser(engine, SETTINGS)
    page = stranger.get("/submit?model=org/net")
    assert page.status_code == 200
    assert 'href="/sign-in?next=/submit"' in page.text
    assert "prunarium submit ORG/NAME@REVISION" in page.text
    assert "<form class" not in page.text
    assert stranger.get("/submissions").headers["location"].startswith("/sign-in")
    assert stranger.post("/submit", data=GOOD).headers["location"].startswith("/sign-in")
    assert ada.post("/submit", data=GOOD).status_code == 403
    assert 'value="org/net"' in ada.get("/submit?model=org/net").text
    worker = sign_in(browser(engine, SETTINGS), engine, "box", "worker")
    assert "may not submit" in worker.get("/submit").text
    with session_scope(engine) as session:
        assert queries.list_submissions(session) == []


def test_a_private_submission_is_for_its_owner_and_moderators(engine: Engine, ada: TestClient) -> None:
    place = handed_in(ada)
    eve = sign_in(browser(engine, SETTINGS), engine, "eve")
    mo = sign_in(browser(engine, SETTINGS), engine, "mo", "moderator")
    nobody = browser(engine, SETTINGS)
    seen = [client.get(place).status_code for client in (ada, mo, eve, nobody)]
    assert seen == [200, 200, 404, 404]
    for action in ("edit", "withdraw", "resubmit"):
        csrf = form_token_of(eve.get("/submit").text)
        assert eve.post(f"{place}/{action}", data={"csrf": csrf, "visibility": "public"}).status_code == 404
    absent = eve.get(f"{place[:-1]}0").text.replace(f"{place[:-1]}0".rpartition("/")[2], "ID")
    assert eve.get(place).text.replace(place.rpartition("/")[2], "ID") == absent

    send(ada, f"{place}/edit", place, visibility="public")
    assert eve.get(place).status_code == nobody.get(place).status_code == 200
    assert "<form class" not in eve.get(place).text
    csrf = form_token_of(eve.get("/submit").text)
    assert eve.post(f"{place}/withdraw", data={"csrf": csrf}).status_code == 403


def test_a_refusal_says_each_reason_and_what_to_do(engine: Engine, ada: TestClient) -> None:
    place = handed_in(ada)
    reasons = (Reason("pickle_present", "weights.bin"), Reason("licence_missing", "prunarium.json names no licence"))
    with session_scope(engine, write=True) as session:
        submissions.claim_check(session, "gpu-7")
        submissions.reject(session, place.rpartition("/")[2], 1, "gpu-7", reasons[0].code, told(reasons))
    text = unescape(ada.get(place).text)
    for reason in reasons:
        explained = REASONS[reason.code]
        assert all(part in text for part in (reason.code, reason.detail, explained.sentence, explained.remedy))
    assert "prunarium check org/net@v1" in text
    assert "gpu-7" not in text
    again = send(ada, f"{place}/resubmit", place, revision="v2")
    assert again.status_code == 303
    assert place in ada.get(again.headers["location"]).text


def test_from_the_form_to_the_board_and_back(engine: Engine, ada: TestClient) -> None:
    place = handed_in(ada)
    public_id = place.rpartition("/")[2]
    with session_scope(engine, write=True) as session:
        submissions.claim_check(session, "w")
        dense = replace(MODEL, slug=None, hub_id="org/dense", sparsity_target=0.0, listed=False)
        queries.upsert_model(session, dense)
        model = queries.upsert_model(
            session, replace(MODEL, slug=None, hub_id="org/net", method="@ada/x", parent="org/dense", listed=False)
        )
        record = replace(CHECKPOINT, densified_hash="d1:" + "9" * 64, listed=False)
        checkpoint = queries.register_checkpoint(session, model, record)
        submissions.accept(session, public_id, 1, "w", checkpoint, [("digits@1", "linear@1", 0)])
    assert "0 of 1 evaluations have ended" in ada.get(place).text
    with session_scope(engine, write=True) as session:
        job = jobs.claim(session, "w")
        assert job is not None
        interval = {"ci_low": 0.4, "ci_high": 0.6, "interval_method": "wilson", "no_interval_reason": None}
        found = replace(result(0.5), model="org/net", **interval)  # type: ignore[arg-type]
        jobs.finish(session, job.id, job.attempt, "w", [found])
        submissions.advance(session)
    page = ada.get(place).text
    assert "Everything is measured" in page
    assert re.findall('<span class="num">(.*?)</span><small>(.*?)</small>', page) == [("50.0 %", "40.0 – 60.0 · T")]
    assert "org/dense is not public" in page
    assert "Report this submission" not in page
    nobody = browser(engine, SETTINGS)
    assert nobody.get("/models/org/net").status_code == 404
    assert send(ada, f"{place}/edit", place, visibility="public").headers["location"] == place
    assert nobody.get("/models/org/net").status_code == 200
    assert nobody.get(place).status_code == 200
    assert "org/dense" not in nobody.get(place).text
    assert f'href="/flag?kind=submission&amp;name={public_id}"' in nobody.get(place).text
    late = send(ada, f"{place}/withdraw", place)
    assert (late.status_code, "there is nothing to take back" in late.text) == (409, True)
    send(ada, f"{place}/edit", place, visibility="private")
    assert nobody.get("/models/org/net").status_code == 404


def test_the_form_offers_the_newest_suites_first_and_chooses_none(engine: Engine, ada: TestClient) -> None:
    with session_scope(engine, write=True) as session:
        for name, version in (("demo", "2"), ("other", "1")):
            queries.upsert_suite(session, SuiteRecord(name=name, version=version, title=name, content={"cells": []}))
    offered = re.findall(r'<opt(?:group label|ion value)="([^"]*)"', ada.get("/submit?suite=other%401").text)
    assert offered == ["", "Newest", "demo@2", "other@1", "Earlier versions", "demo@1"]
    assert '<option value="other@1" selected>' in ada.get("/submit?suite=other%401").text
    assert " selected>" not in ada.get("/submit").text
