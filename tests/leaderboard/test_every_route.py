"""Every route with every role: what the table of permissions says is what is answered, and no route is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from queue_rows import SUITE, fill
from signed_in import browser, sign_in
from site_catalogues import empty_catalogue
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import _API
from leaderboard.pages import PAGES
from leaderboard.visitors import form_token
from registry import submissions
from registry.accounts import create_account, issue_token
from registry.db.session import session_scope
from registry.permissions import ROLE_SCOPES, ROLES, Object, Role, decide

Route = tuple[str, str]
WORK = "/api/v1/work/jobs/{job_id}/{attempt}"
PRIVATE: Object = "private submission"

# What a route does to a thing, and a body that is good enough to be asked who sends it. The things are a stranger's.
GUARDED: dict[Route, tuple[tuple[Object, str], dict[str, Any]]] = {
    ("GET", "/submissions/{public_id}"): ((PRIVATE, "see"), {}),
    ("POST", "/submit"): ((PRIVATE, "create"), {"model": "org/other", "suite": SUITE, "licence": "yes"}),
    ("POST", "/submissions/{public_id}/edit"): ((PRIVATE, "change"), {"note": "n"}),
    ("POST", "/submissions/{public_id}/withdraw"): ((PRIVATE, "change"), {}),
    ("POST", "/submissions/{public_id}/resubmit"): ((PRIVATE, "change"), {}),
    ("GET", "/flag"): ((PRIVATE, "flag"), {}),
    ("POST", "/flag"): ((PRIVATE, "flag"), {"kind": "submission", "name": "{public_id}", "reason": "r"}),
    ("GET", "/admin"): (("flag", "list"), {}),
    ("POST", "/admin/decide"): (
        ("flag", "close"), {"act": "close", "kind": "submission", "name": "{public_id}", "reason": "r"},
    ),
    ("GET", "/admin/audit"): (("audit log", "list"), {}),
    ("GET", "/admin/accounts"): (("account", "list"), {}),
    ("POST", "/admin/accounts"): (("account", "create"), {"name": "new-{role}", "role": "submitter"}),
    ("POST", "/admin/accounts/change"): (
        ("account", "change role"), {"name": "stranger", "act": "role", "role": "submitter"},
    ),
    ("POST", "/admin/accounts/revoke"): (("token", "revoke"), {"name": "stranger", "label": "{role}"}),
    ("POST", "/api/v1/submissions"): ((PRIVATE, "create"), {"model": "org/another", "suite": SUITE}),
    ("GET", "/api/v1/submissions"): ((PRIVATE, "create"), {}),
    ("GET", "/api/v1/submissions/{public_id}"): ((PRIVATE, "see"), {}),
    ("POST", "/api/v1/submissions/{public_id}/edit"): ((PRIVATE, "change"), {"note": "n"}),
    ("POST", "/api/v1/submissions/{public_id}/withdraw"): ((PRIVATE, "change"), {}),
    ("POST", "/api/v1/submissions/{public_id}/resubmit"): ((PRIVATE, "change"), {}),
    ("POST", "/api/v1/work/claim"): (("job", "work on"), {"worker": "w"}),
    ("POST", f"{WORK}/heartbeat"): (("job", "work on"), {"worker": "w"}),
    ("POST", f"{WORK}/release"): (("job", "work on"), {"worker": "w"}),
    ("POST", f"{WORK}/fail"): (("job", "work on"), {"worker": "w", "kind": "bug", "message": "m"}),
    ("POST", f"{WORK}/missing"): (("job", "work on"), {"worker": "w", "sha256": []}),
    ("PUT", f"{WORK}/files/{{sha256}}"): (("job", "work on"), {}),
    ("POST", f"{WORK}/deliver"): (
        ("job", "work on"), {"worker": "w", "predictions": [], "results": [], "provenance": {}, "resources": {}},
    ),
}  # fmt: skip
# For whoever is signed in, of his own.
OWN: dict[Route, dict[str, Any]] = {
    ("GET", "/account"): {},
    ("GET", "/submissions"): {},
    ("POST", "/account/tokens"): {"label": "{role}", "scopes": "hub:read", "days": "1"},
    ("POST", "/account/tokens/revoke"): {"label": "{role}"},
    ("POST", "/account/sessions/end"): {"number": "1"},
    ("POST", "/sign-out"): {},
}
# For everybody: what is asked of these is public, or is how one signs in (:mod:`test_visitors`).
ANYBODY: set[Route] = {
    ("POST", "/sign-in"), ("POST", "/sign-in/link"), *(("GET", path) for path in (
        "/", "/choose", "/compare", "/explore", "/models", "/models/{name:path}", "/tasks", "/tasks/{ref}", "/methods",
        "/methods/{name}", "/architectures", "/architectures/{name:path}", "/robustness", "/status", "/api", "/about",
        "/submit", "/sign-in", "/sign-in/with/{name}", "/sign-in/done/{name}", "/sign-in/link", "/api/v1/me",
        "/api/v1/compare", "/api/v1/compare.{ending}", "/api/v1/robustness", "/api/v1/robustness.{ending}",
        "/api/v1/board", "/api/v1/board.{ending}", "/api/v1/explore.vl.json", "/api/v1/choose",
        "/api/v1/models/{name:path}", "/api/v1/revisions/{repo:path}/{commit}", "/api/v1/tasks", "/api/v1/tasks/{ref}",
        "/api/v1/results", "/api/v1/models", "/api/v1/models.csv", "/api/v1/receipt-key", "/api/v1/receipts/{job}",
        "/api/v1/predictions/{sha256}",
    )),
}  # fmt: skip
FORMS = [route for route in (*GUARDED, *OWN) if route[0] == "POST" and not route[1].startswith("/api/")]


def test_no_route_is_forgotten() -> None:
    served = {
        (method, getattr(route, "path", ""))
        for router in (*_API, *PAGES)
        for route in router.routes
        for method in set(getattr(route, "methods", ())) - {"HEAD"}
    }
    assert served == {*GUARDED, *OWN, *ANYBODY}
    assert not (GUARDED.keys() & OWN.keys() | GUARDED.keys() & ANYBODY | OWN.keys() & ANYBODY)


@dataclass
class Site:
    """Browsers and tokens of each role, on a catalogue with somebody else's private submission."""

    engine: Engine
    browsers: dict[Role | None, TestClient]
    tokens: dict[Role | None, str]

    def submission(self) -> str:
        """A new one, private, of the stranger."""
        with session_scope(self.engine, write=True) as session:
            record, _ = submissions.submit(
                session, hub_endpoint="h", hub_repo="org/net", revision="main", suite=SUITE, actor="stranger",
                account_id=create_account(session, f"of-{next(self.numbers)}"),
            )  # fmt: skip
        return record.public_id

    numbers = iter(range(10**6))

    def ask(self, role: Role | None, route: Route, body: dict[str, Any], *, csrf: str | None = None) -> Any:
        """Send it as somebody: a page with his cookie and a form's token, the API with a bearer token."""
        method, path = route
        public_id = self.submission() if "{public_id}" in f"{path}{body}" or path == "/flag" else ""
        filled = {"public_id": public_id, "job_id": "999", "attempt": "1", "sha256": "0" * 64, "role": str(role)}
        address = path.format(**filled)
        sent = {key: value.format(**filled) if isinstance(value, str) else value for key, value in body.items()}
        if path.startswith("/api/"):
            header = {"authorization": f"Bearer {self.tokens[role]}"} if role is not None else {}
            if method == "PUT":
                return self.browsers[None].put(address, headers=header, params={"worker": "w"}, content=b"x")
            return self.browsers[None].request(method, address, headers=header, json=sent if method == "POST" else None)
        client = self.browsers[role]
        if method == "GET":
            return client.get(address, params={"kind": "submission", "name": public_id} if path == "/flag" else {})
        secret = client.cookies.get("prunarium-session") or ""
        return client.post(address, data={"csrf": form_token(secret) if csrf is None else csrf, **sent})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    engine = empty_catalogue(tmp_path_factory.mktemp("routes") / "catalogue.sqlite")
    tokens: dict[Role | None, str] = {}
    with session_scope(engine, write=True) as session:
        fill(session)
        create_account(session, "stranger")
        for role in ROLES:
            create_account(session, f"token-{role}", role)
            tokens[role] = issue_token(session, f"token-{role}", "t", sorted(ROLE_SCOPES[role]), 3600.0)
            issue_token(session, "stranger", role, ["submit"], 3600.0)
    browsers: dict[Role | None, TestClient] = {role: sign_in(browser(engine), engine, role, role) for role in ROLES}
    yield Site(engine, {None: browser(engine), **browsers}, tokens)
    engine.dispose()


def told(answer: Any) -> str:
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in"):
        return "sign in"
    assert answer.status_code < 500, answer.text
    return {403: "forbidden", 404: "not found"}.get(answer.status_code, "allowed")


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
def test_each_role_is_told_what_the_table_says(site: Site, route: Route) -> None:
    (kind, action), body = GUARDED[route]
    for role in (None, *ROLES):
        expected = decide(kind, action, role)
        if role is None and route[1] != "/submissions/{public_id}" and route[1] != "/api/v1/submissions/{public_id}":
            expected = "sign in"  # asked before anything is looked for, so that it tells nothing
        if role == "worker" and route[1].startswith("/api/v1/submissions/") and route[0] == "POST":
            expected = "forbidden"  # his token has not the scope, whatever the submission is
        answer = site.ask(role, route, body)
        found = told(answer)
        if "{job_id}" in route[1] and expected == "allowed":
            expected = "not found"  # there is no such job
        assert found == expected, (role, answer.status_code, answer.text[:500])


@pytest.mark.parametrize("route", OWN, ids=" ".join)
def test_one_s_own_is_for_whoever_is_signed_in(site: Site, route: Route) -> None:
    assert told(site.ask(None, route, OWN[route])) == "sign in"
    if route[1] != "/sign-out":
        assert told(site.ask("submitter", route, OWN[route])) in ("allowed", "not found")


@pytest.mark.parametrize("route", FORMS, ids=" ".join)
def test_no_form_is_taken_without_its_token(site: Site, route: Route) -> None:
    body = GUARDED[route][1] if route in GUARDED else OWN[route]
    for csrf in ("", form_token(site.browsers["moderator"].cookies["prunarium-session"])):
        answer = site.ask("admin", route, body, csrf=csrf)
        assert answer.status_code == 403, answer.text[:300]
        assert "was not given to this browser" in answer.text


def test_no_cookie_opens_the_api(site: Site) -> None:
    client = site.browsers["admin"]
    for method, path in GUARDED:
        if path.startswith("/api/") and method == "POST" and "{" not in path:
            body = GUARDED[method, path][1]
            assert client.post(path, json=body).status_code == 401, path
