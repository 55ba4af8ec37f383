"""Signing in with an OpenID Connect provider that runs in a process of its own."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider import CLIENT_ID, CLIENT_SECRET, running_provider
from signed_in import browser, sign_in
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from leaderboard.errors import SiteSettingError
from leaderboard.providers import Provider, providers_of
from leaderboard.settings import SiteSettings
from registry.accounts import create_account
from registry.db.models import Account, Identity
from registry.db.session import session_scope

SITE = "http://testserver"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(f"{SITE}/sign-in/done/test") as address:
        yield address


@pytest.fixture
def settings(issuer: str) -> SiteSettings:
    provider = Provider(name="test", title="Test", issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return SiteSettings(base_url=SITE, providers={"test": provider})


def at_provider(address: str, name: str) -> str:
    """What a person does there; returns where the browser is sent."""
    assert httpx.get(address).status_code == 200
    form = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    login = httpx.post(address.partition("/authorize")[0] + "/login", data=form | {"name": name})
    return login.headers["location"]


def come_back(client: TestClient, name: str, then: str = "/models") -> Any:
    left = client.get("/sign-in/with/test", params={"next": then})
    assert left.status_code == 303
    return client.get(at_provider(left.headers["location"], name))


def test_a_new_person_gets_an_account_and_comes_back_to_the_same(own_engine: Engine, settings: SiteSettings) -> None:
    client = browser(own_engine, settings)
    assert "Sign in with Test" in client.get("/sign-in").text
    answer = come_back(client, "grace")
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    assert "grace" in client.get("/account").text
    again = browser(own_engine, settings)
    come_back(again, "grace")
    assert again.cookies["prunarium-session"] != client.cookies["prunarium-session"]
    with session_scope(own_engine) as session:
        assert session.execute(select(Account.name, Account.full_name, Account.role)).all() == [
            ("grace", "Grace", "submitter")
        ]
        assert len(session.execute(select(Identity)).all()) == 1


def test_the_name_of_somebody_else_opens_nothing(own_engine: Engine, settings: SiteSettings) -> None:
    with session_scope(own_engine, write=True) as session:
        create_account(session, "admin", "admin")
    client = browser(own_engine, settings)
    come_back(client, "admin")
    page = client.get("/account").text
    assert "admin-2" in page
    assert "Role: submitter" in page


def test_an_account_can_be_given_a_second_way_in(own_engine: Engine, settings: SiteSettings) -> None:
    client = sign_in(browser(own_engine, settings), own_engine, "ada")
    come_back(client, "lovelace")
    other = browser(own_engine, settings)
    come_back(other, "lovelace")
    assert ">ada</a>" in other.get("/account").text
    stranger = sign_in(browser(own_engine, settings), own_engine, "eve")
    taken = come_back(stranger, "lovelace")
    assert taken.status_code == 401
    assert "belongs to the account ada" in taken.text


LIES = {
    "bad-nonce": "nonce", "bad-issuer": "iss", "bad-audience": "aud", "bad-key": "bad_signature",
    "bad-expiry": "expired", "bad-algorithm": "Algorithm", "bad-hash": "at_hash", "bad-sub": "sub",
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_what_the_provider_must_not_say_signs_nobody_in(own_engine: Engine, settings: SiteSettings, lie: str) -> None:
    client = browser(own_engine, settings)
    answer = come_back(client, lie)
    assert answer.status_code == 400
    told = answer.text.partition("Test did not sign you in: ")[2].partition("</p>")[0]
    assert LIES[lie] in told
    assert client.get("/account").status_code == 303
    with session_scope(own_engine) as session:
        assert session.execute(select(Account)).first() is None


def test_a_refusal_is_told(own_engine: Engine, settings: SiteSettings) -> None:
    answer = come_back(browser(own_engine, settings), "nobody")
    assert answer.status_code == 400
    assert "access_denied" in answer.text


def test_an_answer_works_once_and_in_its_own_browser_only(own_engine: Engine, settings: SiteSettings) -> None:
    client, other = browser(own_engine, settings), browser(own_engine, settings)
    back = at_provider(client.get("/sign-in/with/test").headers["location"], "grace")
    assert "did not begin" in other.get(back).text  # no cookie
    other.get("/sign-in/with/test")
    assert "another attempt" in other.get(back).text  # the cookie of another attempt
    assert other.get("/account").status_code == 303
    kept = client.cookies["prunarium-attempt"]
    assert client.get(back).status_code == 303
    assert "prunarium-attempt" not in client.cookies
    client.cookies.set("prunarium-attempt", kept)
    assert "did not sign you in" in client.get(back).text  # the code was used


def test_an_answer_from_another_issuer_is_refused(own_engine: Engine, settings: SiteSettings) -> None:
    client = browser(own_engine, settings)
    back = at_provider(client.get("/sign-in/with/test").headers["location"], "grace")
    mixed = back.replace("iss=", "iss=https%3A%2F%2Fevil.example&was=")
    assert "not from Test" in client.get(mixed).text


@pytest.mark.parametrize("cookie", ["", "x", "e30", "bnVsbA", "eyJwcm92aWRlciI6MX0"])
def test_a_cookie_of_anything_is_no_attempt(own_engine: Engine, settings: SiteSettings, cookie: str) -> None:
    client = browser(own_engine, settings)
    client.cookies.set("prunarium-attempt", cookie)
    assert client.get("/sign-in/done/test?code=a&state=b").status_code == 400


def test_a_provider_that_is_away_is_told_and_one_that_is_not_there_is_404(own_engine: Engine) -> None:
    gone = Provider(name="gone", title="Gone", issuer="http://127.0.0.1:9", client_id="x")
    client = browser(own_engine, SiteSettings(providers={"gone": gone}))
    answer = client.get("/sign-in/with/gone")
    assert answer.status_code == 400
    assert "Gone cannot be reached" in answer.text
    assert client.get("/sign-in/with/nobody").status_code == 404
    assert client.get("/sign-in/done/nobody").status_code == 404


def test_providers_are_read_from_the_environment() -> None:
    found = providers_of(
        {
            "PRUNARIUM_SIGN_IN_HUGGINGFACE_CLIENT_ID": "a",
            "PRUNARIUM_SIGN_IN_HUGGINGFACE_CLIENT_SECRET": "hush",
            "PRUNARIUM_SIGN_IN_MY_LAB_CLIENT_ID": "b",
            "PRUNARIUM_SIGN_IN_MY_LAB_ISSUER": "https://id.lab.example/realms/x",
        }
    )
    assert {name: (one.title, one.issuer) for name, one in found.items()} == {
        "huggingface": ("Hugging Face", "https://huggingface.co"),
        "my-lab": ("My lab", "https://id.lab.example/realms/x"),
    }
    assert "hush" not in repr(found)
    assert providers_of({"PRUNARIUM_SIGN_IN_X_CLIENT_ID": ""}) == {}


@pytest.mark.parametrize(
    ("issuer", "words"), [("", "ISSUER is not set"), ("http://id.example", "not reached by https")]
)
def test_a_provider_without_a_safe_issuer_is_refused(issuer: str, words: str) -> None:
    with pytest.raises(SiteSettingError, match=words):
        providers_of({"PRUNARIUM_SIGN_IN_LAB_CLIENT_ID": "a", "PRUNARIUM_SIGN_IN_LAB_ISSUER": issuer})
