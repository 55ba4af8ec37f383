"""Sessions of the site: cookies, forms, where one is led after signing in, and the end of it all."""

import re
from datetime import timedelta

import pytest
from signed_in import browser, form_token_of, link_for, sign_in
from sqlalchemy import Engine, select, update

from leaderboard.errors import StaleFormError
from leaderboard.visitors import form_token, local_path, require_form_token
from registry import accounts, rate_limits
from registry.accounts import create_account, issue_token, revoke_token
from registry.db.models import Account, WebSession
from registry.db.session import now_us, session_scope
from registry.rate_limits import Limit, Meter


def cookies_of(headers: list[str]) -> dict[str, str]:
    return {header.partition("=")[0]: header for header in headers}


@pytest.mark.parametrize(("scheme", "prefix"), [("http", ""), ("https", "__Host-")])
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(own_engine: Engine, scheme: str, prefix: str) -> None:
    client = browser(own_engine, scheme=scheme)
    key = link_for(own_engine, "ada")
    page = client.get("/sign-in/link", params={"key": key})
    answer = client.post("/sign-in/link", data={"key": key, "csrf": form_token_of(page.text)})
    cookie = cookies_of(answer.headers.get_list("set-cookie"))[f"{prefix}prunarium-session"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert ("secure" in parts) == (scheme == "https")
    assert client.get("/account").status_code == 200


def test_a_link_asks_first_and_works_once(own_engine: Engine) -> None:
    key = link_for(own_engine, "ada")
    client, other = browser(own_engine), browser(own_engine)
    pages = [one.get("/sign-in/link", params={"key": key}) for one in (client, other)]
    assert all("Sign in as ada?" in page.text for page in pages)
    forms = [{"key": key, "csrf": form_token_of(page.text)} for page in pages]
    assert client.post("/sign-in/link", data=forms[0]).status_code == 303
    late = other.post("/sign-in/link", data=forms[1])
    assert late.status_code == 401
    assert "works once" in late.text
    assert other.get("/account").status_code == 303


def test_a_new_link_ends_the_ones_before(own_engine: Engine) -> None:
    first, second = link_for(own_engine, "ada"), link_for(own_engine, "ada")
    client = browser(own_engine)
    assert client.get("/sign-in/link", params={"key": first}).status_code == 401
    assert client.get("/sign-in/link", params={"key": second}).status_code == 200


def test_only_hashes_are_stored_and_signing_in_again_is_another_session(own_engine: Engine) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    first = client.cookies["prunarium-session"]
    sign_in(client, own_engine, "ada")
    second = client.cookies["prunarium-session"]
    assert first != second
    with session_scope(own_engine) as session:
        rows = list(session.execute(select(WebSession)).scalars())
    assert [row.ended_us is None for row in rows] == [False, True]
    assert not any(first in str(vars(row)) or second in str(vars(row)) for row in rows)
    thief = browser(own_engine)
    thief.cookies.set("prunarium-session", first)
    assert thief.get("/account").status_code == 303


def test_signing_out_needs_the_forms_token_and_ends_the_session_on_the_server(own_engine: Engine) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    page = client.get("/account")
    assert page.headers["cache-control"] == "no-store"
    stranger = sign_in(browser(own_engine), own_engine, "eve")
    for wrong in ("", "x", "x.y", form_token_of(stranger.get("/account").text)):
        refused = client.post("/sign-out", data={"csrf": wrong})
        assert refused.status_code == 403
        assert "load the page again" in refused.text
    assert client.post("/sign-out").status_code == 403
    kept = client.cookies["prunarium-session"]
    assert client.post("/sign-out", data={"csrf": form_token_of(page.text)}).headers["location"] == "/"
    assert "prunarium-session" not in client.cookies
    again = browser(own_engine)
    again.cookies.set("prunarium-session", kept)
    assert again.get("/account").status_code == 303
    assert "Sign in</a>" in again.get("/").text


def test_a_session_ends_by_itself(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    after = timedelta(days=14, seconds=1) // timedelta(microseconds=1)
    monkeypatch.setattr("registry.sign_in.now_us", lambda session: now_us(session) + after)
    assert client.get("/account").status_code == 303


def test_a_token_signs_in_within_its_scopes_and_no_longer_than_it_is_good(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        create_account(session, "ada", "moderator")
        token = issue_token(session, "ada", "laptop", ["submit"])
    client = browser(own_engine)
    form = {"csrf": form_token_of(client.get("/sign-in?next=/models").text), "token": f" {token} ", "next": "/models"}
    assert client.post("/sign-in", data=form).headers["location"] == "/models"
    page = client.get("/account").text
    assert "submit" in page
    assert "moderate" not in page.partition("<main")[2]
    with session_scope(own_engine, write=True) as session:
        revoke_token(session, "ada", "laptop")
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize("token", ["", "prn_wrong", "x" * 100])
def test_a_wrong_token_is_told_on_the_form(own_engine: Engine, token: str) -> None:
    client = browser(own_engine)
    form = {"csrf": form_token_of(client.get("/sign-in").text), "token": token}
    answer = client.post("/sign-in", data=form)
    assert answer.status_code in (400, 403)
    assert "set-cookie" not in answer.headers or "prunarium-session" not in answer.headers["set-cookie"]


def test_nobody_is_led_to_sign_in_and_back(own_engine: Engine) -> None:
    client = browser(own_engine)
    answer = client.get("/account?a=b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Fa%3Db")
    sign_in(client, own_engine, "ada")
    assert client.get(answer.headers["location"]).headers["location"] == "/account?a=b"
    assert client.get("/sign-in?next=https://evil.example/").headers["location"] == "/account"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example",
        "evil.example",
        "/\t/evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)", "/\x00/evil.example", "",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(address: str) -> None:
    assert local_path(address) == "/account"


def test_form_tokens_differ_each_time_and_belong_to_one_secret() -> None:
    made = {form_token("secret") for _ in range(3)}
    assert len(made) == 3
    for token in made:
        require_form_token("secret", token)
        with pytest.raises(StaleFormError):
            require_form_token("another", token)
        with pytest.raises(StaleFormError):
            require_form_token("secret", re.sub("^.", lambda hit: "0" if hit[0] != "0" else "1", token))
    with pytest.raises(StaleFormError):
        require_form_token("", form_token(""))


def test_the_api_reads_no_cookie(own_engine: Engine) -> None:
    client = sign_in(browser(own_engine), own_engine, "ada")
    assert client.get("/api/v1/me").json()["account"] is None
    assert client.get("/api/v1/submissions").status_code == 401


def test_a_changed_role_changes_what_old_tokens_may_do(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        create_account(session, "ada", "moderator")
        token = issue_token(session, "ada", "all", ["submit", "moderate"])
        session.execute(update(Account).values(role="worker"))
    with session_scope(own_engine) as session:
        assert accounts.identify(session, token).scopes == frozenset()


def test_too_many_attempts_are_told_when_they_may_go_on(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "SIGN_INS", Limit("attempts to sign in", 2, 600))
    client = browser(own_engine)
    form = {"csrf": form_token_of(client.get("/sign-in").text), "token": "prn_wrong"}
    answers = [client.post("/sign-in", data=form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 600


def test_wrong_tokens_are_counted_and_good_ones_too(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "WRONG_TOKENS", Limit("wrong tokens", 2, 600))
    with session_scope(own_engine, write=True) as session:
        create_account(session, "ada")
        token = issue_token(session, "ada", "laptop", ["submit"])
    client = browser(own_engine)

    def me(token: str) -> int:
        return client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [me("prn_wrong"), me(token), me("prn_wrong"), me(token), me("prn_wrong")] == [401, 200, 401, 429, 429]
    monkeypatch.setattr(rate_limits, "WRONG_TOKENS", Limit("wrong tokens", 9, 600))
    other = browser(own_engine)
    other.app.state.token_uses = Meter(Limit("requests", 1, 600))  # type: ignore[attr-defined]
    answers = [other.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}) for _ in range(2)]
    assert answers[1].status_code == 429
