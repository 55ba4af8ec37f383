"""Submissions through the API: who may do what, what a stranger learns (nothing), and what is refused."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from queue_rows import CHECKPOINT, MODEL, fill, result
from site_catalogues import empty_catalogue
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from leaderboard.body_limit import MAX_BODY_BYTES
from leaderboard.settings import SiteSettings
from registry import accounts, jobs, queries, submissions
from registry.accounts import create_account, issue_token, revoke_token
from registry.db.session import make_engine, now_us, session_scope
from registry.reasons import Reason, told
from registry.records import RevisionRecord

HUB = "https://hub.example.org"
COMMIT = "abcdef1" + "0" * 33
ADDRESS = "/api/v1/submissions"
SECRETS = ("lease", "heartbeat", "gpu-box-7", "check_attempt", "checkpoint_id")


@dataclass(frozen=True)
class Site:
    """The site over a catalogue with one published model, and a token for each kind of caller."""

    engine: Engine
    client: TestClient
    tokens: dict[str, str]

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """A request with the token of ``who``; ``nobody`` sends none."""
        headers = {} if who == "nobody" else {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = self.client.request(method, path, json=body, headers=headers)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}
            assert set(answer.json()["error"]) == {"message", "hint"}
        return answer

    def submit(self, who: str = "ada", **body: Any) -> Any:
        return self.ask(who, "POST", ADDRESS, {"model": "gmp/net/0.90"} | body)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The catalogue's file, for tests to copy, and the tokens."""
    path = tmp_path_factory.mktemp("submissions") / "site.sqlite"
    engine = empty_catalogue(path)
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        queries.upsert_model(session, replace(MODEL, hub_id="org/net"))
        held = RevisionRecord(
            hub_endpoint=HUB, hub_repo="org/net", commit_oid=COMMIT, file_name="model.safetensors",
            file_sha256="b" * 64, size_bytes=1,
        )  # fmt: skip
        queries.register_revision(session, checkpoint, held)
        # A mirror that the catalogue knows, and that this server does not ask.
        queries.register_revision(session, checkpoint, replace(held, hub_endpoint="http://recorded.example"))
        tokens = {"unknown": "prn_guessed"}
        for name, role, scopes in (
            ("ada", "submitter", ["submit"]),
            ("eve", "submitter", ["submit"]),
            ("reader", "submitter", ["hub:read"]),
            ("mo", "moderator", ["submit", "moderate"]),
        ):
            create_account(session, name, role)  # type: ignore[arg-type]
            tokens[name] = issue_token(session, name, "laptop", scopes)
        tokens["revoked"] = issue_token(session, "ada", "old", ["submit"])
        revoke_token(session, "ada", "old")
    engine.dispose()
    return path, tokens


@pytest.fixture
def site(made: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Site]:
    file, tokens = made
    engine = make_engine(f"sqlite:///{shutil.copy(file, tmp_path / 'site.sqlite')}")
    client = TestClient(create_app(engine, SiteSettings(hub_endpoint=HUB)))
    yield Site(engine, client, dict(tokens))
    client.close()
    engine.dispose()


def test_handing_in_is_one_submission_however_often_it_is_sent(site: Site) -> None:
    first, again = site.submit(), site.submit(suite="demo")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"created": False}
    submission = first.json()["submission"]
    assert (submission["account"], submission["visibility"], submission["state"]) == ("ada", "private", "received")
    assert (submission["hub_endpoint"], submission["revision"]) == (HUB, COMMIT)
    assert site.submit("eve").json()["submission"]["public_id"] != submission["public_id"]
    assert [row["account"] for row in site.ask("ada", "GET", ADDRESS).json()["submissions"]] == ["ada"]
    assert first.headers["cache-control"] == "no-store"


def test_the_same_request_sent_at_once_is_one_submission(site: Site) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: site.submit().json(), range(6)))
    assert len({one["submission"]["public_id"] for one in made}) == 1
    assert sum(one["created"] for one in made) == 1


# who asks -> status of (a private one of ada's, a public one of ada's) for looking, then for withdrawing
MATRIX = {
    "ada": ((200, 200), (200, 200)),
    "mo": ((200, 200), (200, 200)),
    "eve": ((404, 200), (404, 403)),
    "reader": ((404, 200), (403, 403)),
    "nobody": ((404, 200), (401, 401)),
    "unknown": ((401, 401), (401, 401)),
    "revoked": ((401, 401), (401, 401)),
}


@pytest.mark.parametrize("who", MATRIX)
def test_who_may_look_and_who_may_withdraw(site: Site, who: str) -> None:
    private = site.submit().json()["submission"]["public_id"]
    public = site.submit(model="org/other", visibility="public").json()["submission"]["public_id"]
    looks, withdrawals = MATRIX[who]
    for public_id, look, withdrawal in zip((private, public), looks, withdrawals, strict=True):
        seen = site.ask(who, "GET", f"{ADDRESS}/{public_id}")
        assert seen.status_code == look
        gone = site.ask(who, "POST", f"{ADDRESS}/{public_id}/withdraw", {"reason": None})
        assert gone.status_code == withdrawal
        for answer in (seen, gone):
            assert (answer.status_code == 401) == ("www-authenticate" in answer.headers)
        state = site.ask("ada", "GET", f"{ADDRESS}/{public_id}").json()["submission"]["state"]
        assert state == ("withdrawn" if withdrawal == 200 else "received")


def test_a_stranger_cannot_tell_a_private_submission_from_none(site: Site) -> None:
    public_id = site.submit().json()["submission"]["public_id"]
    near = public_id[:-1] + ("0" if public_id[-1] != "0" else "1")
    for who in ("eve", "nobody"):
        hidden, absent = (site.ask(who, "GET", f"{ADDRESS}/{name}") for name in (public_id, near))
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.text.replace(public_id, "ID") == absent.text.replace(near, "ID")
    assert site.ask("eve", "GET", ADDRESS).json()["submissions"] == []


def test_a_hidden_submission_is_for_its_owner_and_moderators(site: Site) -> None:
    public_id = site.submit(visibility="public").json()["submission"]["public_id"]
    with session_scope(site.engine, write=True) as session:
        submissions.show(session, public_id, "hidden", "mo")
    found = {who: site.ask(who, "GET", f"{ADDRESS}/{public_id}").status_code for who in ("ada", "mo", "eve", "nobody")}
    assert found == {"ada": 200, "mo": 200, "eve": 404, "nobody": 404}


def test_no_machine_and_no_log_line_is_shown_to_strangers(site: Site) -> None:
    public_id = site.submit(visibility="public").json()["submission"]["public_id"]
    with session_scope(site.engine, write=True) as session:
        claimed = submissions.claim_check(session, "gpu-box-7:4711")
        assert claimed is not None
        model = queries.get_model(session, "gmp/net/0.90")
        checkpoint = None if model is None or model.id is None else queries.checkpoint_of(session, model.id)
        assert checkpoint is not None
        assert checkpoint.id is not None
        cells = [("digits@1", "linear@1", 0)]
        submissions.accept(session, public_id, claimed.check_attempt, "gpu-box-7:4711", checkpoint.id, cells)
        job = jobs.claim(session, "gpu-box-7:4711")
        assert job is not None
        jobs.fail(session, job.id, job.attempt, "gpu-box-7:4711", "bug", "boom in /home/worker/secret.py")
        submissions.advance(session)
    seen = {who: site.ask(who, "GET", f"{ADDRESS}/{public_id}") for who in ("ada", "mo", "nobody", "eve")}
    for answer in seen.values():
        assert answer.status_code == 200
        assert not any(secret in answer.text for secret in SECRETS)
        assert "boom in secret.py" in answer.text
        assert "/home" not in answer.text
        assert [job["failure_kind"] for job in answer.json()["jobs"]] == ["bug"]
        assert {step["actor"] for step in answer.json()["transitions"]} <= {"ada", "queue", "the server"}


def finished(site: Site, public_id: str) -> None:
    """Check and evaluate, as a worker does."""
    with session_scope(site.engine, write=True) as session:
        claimed = submissions.claim_check(session, "w")
        assert claimed is not None
        model = queries.upsert_model(session, replace(MODEL, slug=None, hub_id="org/other", listed=False))
        record = replace(CHECKPOINT, densified_hash="d1:" + "9" * 64, listed=False)
        checkpoint = queries.register_checkpoint(session, model, record)
        cells = [("digits@1", "linear@1", 0)]
        submissions.accept(session, public_id, claimed.check_attempt, "w", checkpoint, cells)
        job = jobs.claim(session, "w")
        assert job is not None
        jobs.finish(session, job.id, job.attempt, "w", [replace(result(0.5), model="org/other")])
        submissions.advance(session)


def test_what_was_found_is_its_owners_until_she_publishes_it(site: Site) -> None:
    public_id = site.submit(model="org/other").json()["submission"]["public_id"]
    finished(site, public_id)
    mine = site.ask("ada", "GET", f"{ADDRESS}/{public_id}").json()
    assert [(value["model"], value["value"]) for value in mine["values"]] == [("org/other", 0.5)]
    places = ["/api/v1/models/org/other", "/models/org/other", "/api/v1/receipts/1"]
    listings = ["/api/v1/models", "/api/v1/results", "/", "/models", "/status", "/api/v1/models?q=org%2Fother"]
    assert [site.client.get(place).status_code for place in places] == [404] * 3
    assert not any("org/other" in site.client.get(place).text.replace("org%2Fother", "") for place in listings[:-1])
    assert site.client.get(listings[-1]).json()["total"] == 0
    for who, status in (("eve", 404), ("nobody", 401)):
        assert site.ask(who, "POST", f"{ADDRESS}/{public_id}/edit", {"visibility": "public"}).status_code == status

    published = site.ask("ada", "POST", f"{ADDRESS}/{public_id}/edit", {"visibility": "public", "note": "at last"})
    assert (published.json()["visibility"], published.json()["note"]) == ("public", "at last")
    assert [site.client.get(place).status_code for place in places[:2]] == [200] * 2
    assert all("org/other" in site.client.get(place).text for place in listings[:2])
    assert site.ask("eve", "GET", f"{ADDRESS}/{public_id}").json()["values"] == mine["values"]

    site.ask("ada", "POST", f"{ADDRESS}/{public_id}/edit", {"visibility": "private"})
    assert site.client.get(places[0]).status_code == 404
    steps = site.ask("ada", "GET", f"{ADDRESS}/{public_id}").json()["transitions"]
    assert [step["detail"] for step in steps if step["old_state"] == step["new_state"]] == [
        "changed: note, visibility", "changed: visibility",
    ]  # fmt: skip


def test_a_public_submission_is_on_the_board_only_when_it_is_done(site: Site) -> None:
    public_id = site.submit(model="org/other", visibility="public").json()["submission"]["public_id"]
    assert site.client.get("/api/v1/models/org/other").status_code == 404
    finished(site, public_id)
    assert site.client.get("/api/v1/models/org/other").status_code == 200


def test_submitting_again_names_the_old_one_and_withdraws_it(site: Site) -> None:
    asked = {"method": "@ada/wise", "parent": "org/dense", "training_data": "ImageNet", "note": "first"}
    old = site.submit(model="org/other@v1", **asked).json()["submission"]
    answer = site.ask("ada", "POST", f"{ADDRESS}/{old['public_id']}/resubmit", {"revision": "v2"})
    new = answer.json()
    assert (answer.status_code, new["replaces"], new["revision"]) == (201, old["public_id"], "v2")
    assert {name: new[name] for name in asked} == asked
    before = site.ask("ada", "GET", f"{ADDRESS}/{old['public_id']}").json()["submission"]
    assert (before["state"], before["detail"]) == ("withdrawn", "submitted again")
    assert site.ask("eve", "POST", f"{ADDRESS}/{new['public_id']}/resubmit", {}).status_code == 404
    assert site.ask("ada", "POST", f"{ADDRESS}/{new['public_id']}/resubmit", {"revision": "a..b"}).status_code == 400


def test_a_suite_changes_only_before_the_check_and_a_hidden_one_not_by_its_owner(site: Site) -> None:
    public_id = site.submit().json()["submission"]["public_id"]
    path = f"{ADDRESS}/{public_id}/edit"
    assert site.ask("ada", "POST", path, {"suite": "demo"}).json()["suite"] == "demo@1"
    assert site.ask("ada", "POST", path, {"suite": "nothing"}).status_code == 404
    assert site.ask("ada", "POST", path, {}).status_code == 400
    assert site.ask("ada", "POST", path, {"method": "wise"}).status_code == 400
    with session_scope(site.engine, write=True) as session:
        submissions.show(session, public_id, "hidden", "mo")
    for address, body in (
        (path, {"visibility": "public"}),
        (path, {"note": "x"}),
        (f"{ADDRESS}/{public_id}/withdraw", {}),
    ):
        refused = site.ask("ada", "POST", address, body)
        assert (refused.status_code, "moderator" in refused.json()["error"]["message"]) == (403, True)
    assert site.ask("mo", "POST", path, {"note": "looked at"}).status_code == 200


def test_a_refusal_is_told_reason_by_reason_with_what_to_do(site: Site) -> None:
    public_id = site.submit().json()["submission"]["public_id"]
    reasons = (Reason("pickle_present", "weights.bin"), Reason("licence_missing", "prunarium.json names no licence"))
    with session_scope(site.engine, write=True) as session:
        claimed = submissions.claim_check(session, "w")
        assert claimed is not None
        submissions.reject(session, public_id, 1, "w", reasons[0].code, told(reasons))
    found = site.ask("ada", "GET", f"{ADDRESS}/{public_id}").json()
    assert found["submission"]["reason"] == "pickle_present"
    assert found["reasons"] == [reason.to_json() for reason in reasons]


def test_an_ended_submission_cannot_be_withdrawn_again(site: Site) -> None:
    public_id = site.submit().json()["submission"]["public_id"]
    path = f"{ADDRESS}/{public_id}/withdraw"
    assert site.ask("ada", "POST", path, {"reason": "a mistake"}).json()["detail"] == "a mistake"
    again = site.ask("ada", "POST", path, {})
    assert again.status_code == 409
    assert "is withdrawn" in again.json()["error"]["message"]
    steps = site.ask("ada", "GET", f"{ADDRESS}/{public_id}").json()["transitions"]
    assert [(step["new_state"], step["actor"]) for step in steps] == [("received", "ada"), ("withdrawn", "ada")]


@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 401), ("unknown", 401), ("revoked", 401), ("reader", 403), ("ada", 201)]
)
def test_who_may_submit(site: Site, who: str, status: int) -> None:
    assert site.submit(who).status_code == status
    assert site.ask(who, "GET", ADDRESS).status_code == (200 if status == 201 else status)


def test_an_expired_token_is_no_token(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_scope(site.engine, write=True) as session:
        site.tokens["short"] = issue_token(session, "ada", "short", ["submit"], lifetime_seconds=10)
    assert site.submit("short").status_code == 201
    monkeypatch.setattr(accounts, "now_us", lambda session: now_us(session) + 11_000_000)
    assert site.submit("short").status_code == 401


def test_me_is_who_the_token_speaks_for(site: Site) -> None:
    me = site.ask("ada", "GET", "/api/v1/me").json()
    assert me == {"account": "ada", "role": "submitter", "token": "laptop", "scopes": ["submit"]}
    nobody = site.ask("nobody", "GET", "/api/v1/me").json()
    assert nobody == {"account": None, "role": None, "token": None, "scopes": []}
    assert site.ask("unknown", "GET", "/api/v1/me").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic ADA", "ADA", "Bearer ADA b"])
def test_a_header_that_is_no_token_is_refused_and_never_ignored(site: Site, header: str) -> None:
    for path in ("/api/v1/me", f"{ADDRESS}/abc"):
        answer = site.client.get(path, headers={"Authorization": header.replace("ADA", site.tokens["ada"])})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_browser_is_never_taken_for_its_reader(site: Site) -> None:
    """Nothing that a browser sends by itself counts, so another site's form or script cannot act."""
    token = site.tokens["ada"]
    for name in ("token", "session", "Authorization"):
        site.client.cookies.set(name, token)
    answer = site.client.post(ADDRESS, json={"model": "gmp/net/0.90"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    form = site.client.post(ADDRESS, data={"model": "gmp/net/0.90"}, headers={"Authorization": f"Bearer {token}"})
    assert form.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "x", {"model": 5}, {"model": None}, {"model": "a/b", "extra": 1},
        {"model": "a/b", "visibility": "hidden"}, {"model": "x" * 501},
        {"model": "a/b", "suite": ["demo"]}, {"model": "a/b", "account": "eve"},
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(site: Site, body: Any) -> None:
    answer = site.ask("ada", "POST", ADDRESS, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000, b"null"])
def test_a_body_that_is_no_json_is_refused(site: Site, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {site.tokens['ada']}", "Content-Type": "application/json"}
    assert site.client.post(ADDRESS, content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_long_is_refused_while_it_comes(site: Site, announced: bool) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(8):
            sent += 16 * 1024
            yield b" " * 16 * 1024

    content: Any = json.dumps({"model": "a/b"}).ljust(MAX_BODY_BYTES + 1).encode() if announced else chunks()
    headers = {"Authorization": f"Bearer {site.tokens['ada']}", "Content-Type": "application/json"}
    answer = site.client.post(ADDRESS, content=content, headers=headers)
    assert answer.status_code == 413
    assert f"{MAX_BODY_BYTES} bytes" in answer.json()["error"]["message"]
    fits = json.dumps({"model": "gmp/net/0.90"}).ljust(MAX_BODY_BYTES).encode()
    assert site.client.post(ADDRESS, content=fits, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"model": "any/one"}, HUB),
        ({"model": "any/one", "hub_endpoint": f"{HUB}/"}, HUB),
        ({"model": "any/one", "hub_endpoint": "https://huggingface.co"}, "https://huggingface.co"),
        ({"model": "https://huggingface.co/any/one"}, "https://huggingface.co"),
        ({"model": f"{HUB}/any/one"}, HUB),
        ({"model": "org/net", "hub_endpoint": "https://huggingface.co"}, HUB),
    ],
)
def test_models_come_from_the_servers_hub_or_from_hugging_face(site: Site, body: dict[str, str], place: str) -> None:
    assert site.submit(**body).json()["submission"]["hub_endpoint"] == place


@pytest.mark.parametrize(
    "body",
    [
        {"model": "any/one", "hub_endpoint": "http://169.254.169.254"},
        {"model": "any/one", "hub_endpoint": "http://127.0.0.1:5432"},
        {"model": "any/one", "hub_endpoint": "file:///etc"},
        {"model": "any/one", "hub_endpoint": "https://huggingface.co.evil.example"},
        {"model": "any/one", "hub_endpoint": "http://recorded.example"},
        {"model": "http://127.0.0.1:5432/any/one"},
        {"model": "https://huggingface.co@evil.example/any/one"},
        {"model": "http://recorded.example/any/one"},
        {"model": "http://recorded.example/org/net"},
    ],
)
def test_no_stranger_chooses_whom_the_server_asks(site: Site, body: dict[str, str]) -> None:
    answer = site.submit(**body)
    assert answer.status_code == 400
    if "@" not in body["model"]:
        assert "takes no models from" in answer.json()["error"]["message"]
        assert f"{HUB}, https://huggingface.co" in answer.json()["error"]["hint"]
    assert site.ask("ada", "GET", ADDRESS).json()["submissions"] == []


def test_without_accounts_the_site_is_read_only(clients: dict[str, TestClient]) -> None:
    client = clients["empty"]
    assert client.get("/api/v1/me").json()["account"] is None
    answer = client.post(ADDRESS, json={"model": "a/b"})
    assert (answer.status_code, "token" in answer.json()["error"]["message"]) == (401, True)
    assert client.get(f"{ADDRESS}/abc").status_code == 404


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/me", "/api/v1/nothing", "/api/v1/models?q=sparsty%3E1"])
def test_every_answer_says_which_api_it_speaks(clients: dict[str, TestClient], path: str) -> None:
    assert clients["empty"].get(path).headers["prunarium-api"] == "1"
