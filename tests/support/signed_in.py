"""Browsers of the tests: clients of the site that are signed in, and the tokens of the forms they see."""

import re

from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from leaderboard.settings import SiteSettings
from registry.accounts import Role, create_account
from registry.db.session import session_scope
from registry.errors import InvalidRecordError
from registry.sign_in import make_link


def browser(engine: Engine, settings: SiteSettings | None = None, *, scheme: str = "http") -> TestClient:
    """A client that follows no redirect by itself."""
    return TestClient(create_app(engine, settings), base_url=f"{scheme}://testserver", follow_redirects=False)


def form_token_of(text: str) -> str:
    """The token of a page's first form."""
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None, "no form on this page"
    return found[1]


def link_for(engine: Engine, name: str, role: Role = "submitter") -> str:
    """The secret of a new sign-in link of an account, which is made if it is missing."""
    try:
        with session_scope(engine, write=True) as session:
            create_account(session, name, role)
    except InvalidRecordError:
        pass
    with session_scope(engine, write=True) as session:
        return make_link(session, name)


def sign_in(client: TestClient, engine: Engine, name: str, role: Role = "submitter") -> TestClient:
    """Sign a client in by a link; returns the client."""
    key = link_for(engine, name, role)
    page = client.get("/sign-in/link", params={"key": key})
    answer = client.post("/sign-in/link", data={"key": key, "csrf": form_token_of(page.text)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    return client
