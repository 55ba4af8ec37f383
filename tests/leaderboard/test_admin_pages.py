"""The account's page, reports, moderation and accounts, as each role meets them."""

import re

import pytest
from signed_in import browser, form_token_of, sign_in
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.settings import SiteSettings
from registry import accounts
from registry.accounts import Role, create_account, issue_token
from registry.db.session import session_scope
from registry.queries.moderation import audit_log
from registry.quota_rules import Allowance

MODEL = "ac-dc/resnet50/0.90"


def post(client: TestClient, page: str, target: str, **form: object) -> int:
    """Send a form with the token of ``page``; returns the status."""
    token = form_token_of(client.get(page).text)
    return int(client.post(target, data={"csrf": token, **form}).status_code)


def test_a_token_is_made_shown_once_used_and_revoked(own_engine: Engine) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    token = form_token_of(client.get("/account").text)
    form = {"csrf": token, "label": "laptop", "scopes": ["submit", "hub:read"], "days": "30"}
    made = client.post("/account/tokens", data=form)
    assert made.headers["cache-control"] == "no-store"
    secret = re.search(r"prn_[\w-]+", made.text)
    assert secret is not None
    assert secret[0] not in client.get("/account").text
    with session_scope(own_engine) as session:
        assert accounts.identify(session, secret[0]).scopes == {"submit", "hub:read"}
    assert post(client, "/account", "/account/tokens/revoke", label="laptop") == 303
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret[0]}"})
    assert answer.status_code == 401
    with session_scope(own_engine) as session:
        assert [line.action for line in audit_log(session)] == ["revoke token", "make token"]


@pytest.mark.parametrize(
    "wrong", [{"scopes": "admin"}, {"scopes": "everything"}, {"days": "-1"}, {"days": "x"}, {"label": ""}]
)
def test_a_token_beyond_the_role_is_refused_in_words(own_engine: Engine, wrong: dict[str, str]) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    form = {"label": "x", "scopes": "submit", "days": "30"} | wrong
    assert post(client, "/account", "/account/tokens", **form) == 400


def test_a_browser_that_a_token_opened_makes_none(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        create_account(session, "ada")
        token = issue_token(session, "ada", "laptop", ["submit"])
    client = browser(own_engine)
    assert post(client, "/sign-in", "/sign-in", token=token) == 303
    assert "makes no others" in client.get("/account").text
    assert post(client, "/account", "/account/tokens", label="x", scopes="submit", days="1") == 403


def test_another_browser_is_signed_out_and_nobody_elses(own_engine: Engine) -> None:
    here, there = (sign_in(browser(own_engine), own_engine, "ada") for _ in range(2))
    eve = sign_in(browser(own_engine), own_engine, "eve")
    number = re.search(r'name="number" value="(\d+)"', here.get("/account").text)
    assert number is not None
    assert post(eve, "/account", "/account/sessions/end", number=number[1]) == 404
    assert there.get("/account").status_code == 200
    assert post(here, "/account", "/account/sessions/end", number=number[1]) == 303
    assert there.get("/account").status_code == 303


def test_a_report_reaches_the_moderators_who_hide_the_model(own_engine: Engine) -> None:
    eve = sign_in(browser(own_engine), own_engine, "eve")
    page = eve.get(f"/flag?kind=model&name={MODEL}")
    sent = {"csrf": form_token_of(page.text), "kind": "model", "name": MODEL, "reason": "<b>a copy</b>"}
    assert "Thank you" in eve.post("/flag", data=sent).text
    mod = sign_in(browser(own_engine), own_engine, "mod", "moderator")
    assert "1 report waits" in mod.get("/admin").text
    assert "&lt;b&gt;a copy&lt;/b&gt;" in mod.get("/admin").text
    decided = {"act": "hide", "kind": "model", "name": MODEL, "reason": "theirs"}
    assert post(eve, "/account", "/admin/decide", **decided) == 403
    assert post(mod, "/admin", "/admin/decide", **decided) == 303
    assert "Nothing waits" in mod.get("/admin").text
    assert "theirs" in mod.get("/admin").text
    assert "hide" in mod.get("/admin/audit").text
    assert post(mod, "/admin", "/admin/decide", **(decided | {"act": "show"})) == 303
    assert eve.get(f"/models/{MODEL}").status_code == 200


def test_what_is_not_there_cannot_be_reported(own_engine: Engine) -> None:
    eve = sign_in(browser(own_engine), own_engine, "eve")
    assert eve.get("/flag?kind=model&name=no/such/0.90").status_code == 404
    assert eve.get("/flag?kind=submission&name=nothing").status_code == 404
    assert eve.get("/flag?kind=person&name=ada").status_code == 400
    assert browser(own_engine).get(f"/flag?kind=model&name={MODEL}").status_code == 303


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("submitter", (403, 403, 403)), ("worker", (403, 403, 403)), ("moderator", (200, 200, 403)),
        ("admin", (200, 200, 200)),
    ],
)  # fmt: skip
def test_each_role_sees_its_pages(own_engine: Engine, role: Role, statuses: tuple[int, ...]) -> None:
    client = sign_in(browser(own_engine), own_engine, "someone", role)
    pages = ("/admin", "/admin/audit", "/admin/accounts")
    assert tuple(client.get(page).status_code for page in pages) == statuses
    assert [browser(own_engine).get(page).status_code for page in pages] == [303] * 3


def test_an_administrator_makes_accounts_roles_and_a_workers_token(own_engine: Engine) -> None:
    root = sign_in(browser(own_engine), own_engine, "root", "admin")
    form = {"csrf": form_token_of(root.get("/admin/accounts").text), "name": "box", "role": "worker"}
    made = root.post("/admin/accounts", data=form)
    key = re.search(r"sign-in/link\?key=([\w-]+)", made.text)
    assert key is not None
    assert "Sign in as box?" in browser(own_engine).get("/sign-in/link", params={"key": key[1]}).text
    assert root.post("/admin/accounts", data=form).status_code == 400  # the name is taken
    form = {"csrf": form_token_of(root.get("/admin/accounts").text), "name": "box", "act": "worker token"}
    token = re.search(r"prn_[\w-]+", root.post("/admin/accounts/change", data=form).text)
    assert token is not None
    with session_scope(own_engine) as session:
        assert accounts.identify(session, token[0]).scopes == {"work"}
    assert post(root, "/admin/accounts", "/admin/accounts/revoke", name="box", label="worker") == 303
    assert post(root, "/admin/accounts", "/admin/accounts/change", name="box", act="role", role="moderator") == 303
    assert post(root, "/admin/accounts", "/admin/accounts/change", name="box", act="disable") == 303
    assert "disabled" in root.get("/admin/accounts").text
    assert post(root, "/admin/accounts", "/admin/accounts/change", name="root", act="disable") == 400
    mod = sign_in(browser(own_engine), own_engine, "mod", "moderator")
    assert post(mod, "/admin", "/admin/accounts/change", name="mod", act="role", role="admin") == 403


def test_a_form_that_did_not_work_keeps_what_was_typed(own_engine: Engine) -> None:
    root = sign_in(browser(own_engine, SiteSettings(quota=Allowance(60.0, 7.0))), own_engine, "root", "admin")
    token = form_token_of(root.get("/admin").text)
    hide = {"csrf": token, "act": "hide", "kind": "model", "name": "ac-dc/resnet50/0.9", "reason": "theirs"}
    answer = root.post("/admin/decide", data=hide)
    assert answer.status_code == 400
    assert "Hide something else" in answer.text
    assert 'value="ac-dc/resnet50/0.9"' in answer.text
    assert 'value="theirs"' in answer.text
    assert 'role="alert"' in answer.text
    answer = root.post("/admin/accounts", data={"csrf": token, "name": "no spaces", "role": "worker"})
    assert answer.status_code == 400
    assert 'value="no spaces"' in answer.text
    assert "<option selected>worker</option>" in answer.text
    for minutes in ("0", "1e9"):
        grant = {"csrf": token, "name": "root", "act": "grant", "minutes": minutes}
        answer = root.post("/admin/accounts/change", data=grant)
        assert answer.status_code == 400
        assert "A grant is of up to 1,000,000 minutes" in answer.text
        assert "Make an account" in answer.text
        assert '<span class="num">60.0</span>' in answer.text


def test_administrators_see_and_grant_device_minutes_and_everybody_her_own(own_engine: Engine) -> None:
    settings = SiteSettings(quota=Allowance(60.0, 7.0))
    root = sign_in(browser(own_engine, settings), own_engine, "root", "admin")
    assert post(root, "/admin/accounts", "/admin/accounts/change", name="root", act="grant", minutes="-90") == 303
    assert '<span class="num">−30.0</span>' in root.get("/admin/accounts").text
    assert (
        "−30.0 device minutes are left for evaluations; the allowance is 60 in any 7 days" in root.get("/account").text
    )
    assert "grant device minutes" in root.get("/admin/audit").text
    assert post(root, "/admin/accounts", "/admin/accounts/change", name="root", act="grant", minutes="nan") == 400
    mod = sign_in(browser(own_engine, settings), own_engine, "mod", "moderator")
    assert post(mod, "/admin", "/admin/accounts/change", name="mod", act="grant", minutes="9") == 403
    assert "60.0 device minutes are left" in mod.get("/account").text
    unlimited = sign_in(browser(own_engine), own_engine, "root", "admin")
    assert "device minutes" not in unlimited.get("/account").text
