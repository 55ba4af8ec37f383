"""Reports, hiding and showing again; what administrators do; the log of both."""

import pytest
from queue_rows import MODEL
from sqlalchemy import Engine, text

from registry import administration, moderation, queries, submissions
from registry.accounts import create_account, identify, issue_token
from registry.db.session import session_scope
from registry.errors import AccessError, CatalogueUnavailableError, InvalidRecordError, UnknownRecordError
from registry.queries.moderation import audit_log, hidden_models, hidden_submissions, list_flags
from registry.records import SuiteRecord, Visibility
from registry.sign_in import account_of_link, begin_session, find_session, make_link


@pytest.fixture
def filled(catalogue: Engine) -> Engine:
    """A model, a private and a public submission of ada's, and a moderator."""
    with session_scope(catalogue, write=True) as session:
        queries.upsert_model(session, MODEL)
        queries.upsert_suite(session, SuiteRecord(name="s", version="1", title="S", content={"cells": []}))
        ada = create_account(session, "ada")
        create_account(session, "mod", "moderator")
        create_account(session, "root", "admin")
        wanted: tuple[tuple[str, Visibility], ...] = (("ada/one", "private"), ("ada/two", "public"))
        for repo, visibility in wanted:
            submissions.submit(
                session, hub_endpoint="https://hub.example", hub_repo=repo, revision="a" * 40, suite="s@1",
                actor="ada", account_id=ada, visibility=visibility,
            )  # fmt: skip
    return catalogue


def ids(engine: Engine) -> dict[str, str]:
    with session_scope(engine) as session:
        return {one.hub_repo: one.public_id for one in queries.list_submissions(session)}


def visibility(engine: Engine, public_id: str) -> str:
    with session_scope(engine) as session:
        return submissions.status(session, public_id).submission.visibility


def test_a_report_is_open_until_somebody_looks_at_it(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        account = create_account(session, "eve")
        assert moderation.flag(session, "model", MODEL.name, account, " a copy ")
        assert not moderation.flag(session, "model", MODEL.name, account, "again")
        with pytest.raises(UnknownRecordError):
            moderation.flag(session, "model", "no/such/0.90", account, "x")
        with pytest.raises(InvalidRecordError, match="reason"):
            moderation.flag(session, "model", MODEL.name, account, "  ")
    with session_scope(filled, write=True) as session:
        [one] = list_flags(session)
        assert (one.account, one.reason, one.closed_by) == ("eve", "a copy", None)
        assert moderation.close_flags(session, "model", MODEL.name, "mod", "it is not") == 1
        assert moderation.close_flags(session, "model", MODEL.name, "mod", "it is not") == 0
        assert list_flags(session) == []
        assert [flag.closed_by for flag in list_flags(session, closed=True)] == ["mod"]
        assert [line.action for line in audit_log(session)] == ["close flags"]


def test_a_model_is_hidden_with_a_reason_and_shown_again(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        before = queries.catalogue_version(session)
        moderation.flag(session, "model", MODEL.name, create_account(session, "eve"), "a copy")
        moderation.hide(session, "model", MODEL.name, "mod", "a copy of theirs")
    with session_scope(filled, write=True) as session:
        assert queries.catalogue_version(session) != before
        assert hidden_models(session) == {MODEL.name: "a copy of theirs"}
        assert list_flags(session) == []
        with pytest.raises(InvalidRecordError, match="hidden already"):
            moderation.hide(session, "model", MODEL.name, "mod", "twice")
        moderation.show(session, "model", MODEL.name, "mod", "settled")
        with pytest.raises(InvalidRecordError, match="not hidden"):
            moderation.show(session, "model", MODEL.name, "mod", "twice")
        assert hidden_models(session) == {}
        acts = [(line.actor, line.action, line.subject, line.reason) for line in audit_log(session)]
        assert acts == [
            ("mod", "show", f"model {MODEL.name}", "settled"),
            ("mod", "hide", f"model {MODEL.name}", "a copy of theirs"),
        ]


@pytest.mark.parametrize("repo", ["ada/one", "ada/two"])
def test_a_submission_is_shown_again_as_it_was(filled: Engine, repo: str) -> None:
    public_id = ids(filled)[repo]
    was = visibility(filled, public_id)
    with session_scope(filled, write=True) as session:
        moderation.hide(session, "submission", public_id, "mod", "not theirs")
    assert visibility(filled, public_id) == "hidden"
    with session_scope(filled, write=True) as session:
        assert moderation.hidden_reason(session, "submission", public_id) == "not theirs"
        assert hidden_submissions(session) == [public_id]
        moderation.show(session, "submission", public_id, "mod", "theirs after all")
    assert visibility(filled, public_id) == was


def test_the_log_cannot_be_changed(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        administration.record(session, "mod", "hide", "model x", "because")
    with (
        pytest.raises((CatalogueUnavailableError, InvalidRecordError), match="never changed"),
        session_scope(filled, write=True) as session,
    ):
        session.execute(text("update audit_event set reason = 'nothing happened'"))


def test_a_disabled_account_gets_in_nowhere_until_it_is_enabled(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        token = issue_token(session, "ada", "laptop", ["submit"])
        secret = begin_session(session, identify(session, token).account_id, "link")
        link = make_link(session, "ada")
        administration.disable(session, "ada", "root", "spam")
    with session_scope(filled) as session:
        assert find_session(session, secret) is None
        for attempt in (lambda: identify(session, token), lambda: account_of_link(session, link)):
            with pytest.raises(AccessError):
                attempt()
    with session_scope(filled, write=True) as session:
        administration.enable(session, "ada", "root")
        assert identify(session, token).account == "ada"
        assert find_session(session, secret) is None
        assert [line.action for line in audit_log(session)] == ["enable account", "disable account"]


def test_somebody_always_administers(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        for attempt in (administration.disable, lambda *a: administration.change_role(a[0], a[1], "worker", a[2])):
            with pytest.raises(InvalidRecordError, match="only administrator"):
                attempt(session, "root", "root")
        administration.change_role(session, "mod", "admin", "root")
        administration.change_role(session, "root", "submitter", "mod")
        assert administration.administrators(session) == ["mod"]
        with pytest.raises(InvalidRecordError, match="no role"):
            administration.change_role(session, "mod", "king", "mod")  # type: ignore[arg-type]
