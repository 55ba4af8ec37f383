"""Gated repositories through the unmodified client: ask, decide, and who gets the content."""

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, GatedRepoError, HfHubHTTPError
from raw_http import Answer, RawClient

from registry.hub_server.embedded import EmbeddedHub


@pytest.fixture
def asker(bob: HfApi) -> RawClient:
    return RawClient(bob.endpoint, str(bob.token))


@pytest.fixture
def gated(alice: HfApi, repo: str) -> str:
    """A repository of alice with one file, whose gate is manual."""
    alice.upload_file(path_or_fileobj=b"content", path_in_repo="a.txt", repo_id=repo)
    alice.update_repo_settings(repo, gated="manual")
    return repo


def fetch(client: RawClient, repo: str, token: str | None = "") -> Answer:
    return client("GET", f"/{repo}/resolve/main/a.txt", token=token)


def names(found: object) -> list[str | None]:
    return [request.username for request in found]  # type: ignore[attr-defined]


def test_a_manual_gate_waits_for_its_owner(alice: HfApi, bob: HfApi, asker: RawClient, gated: str) -> None:
    before = fetch(asker, gated)
    assert (before.status, before.headers["x-error-code"]) == (403, "GatedRepo")
    assert f"{alice.endpoint}/{gated}/ask-access" in before.headers["x-error-message"]
    asked = asker("POST", f"/{gated}/ask-access", {"affiliation": "a school", "use": "ünïcode"})
    assert (asked.status, asked.json) == (200, {"status": "pending"})
    assert asker("POST", f"/{gated}/ask-access").json == {"status": "pending"}
    waiting = fetch(asker, gated)
    assert (waiting.status, "not decided yet" in waiting.headers["x-error-message"]) == (403, True)
    (request,) = alice.list_pending_access_requests(gated)
    assert (request.username, request.status) == ("bob", "pending")
    assert request.fields == {"affiliation": "a school", "use": "ünïcode"}
    alice.accept_access_request(gated, "bob")
    assert fetch(asker, gated).body == b"content"
    bob.auth_check(gated)
    assert names(alice.list_accepted_access_requests(gated)) == ["bob"]
    assert names(alice.list_pending_access_requests(gated)) == []


def test_an_automatic_gate_opens_for_whoever_asks(alice: HfApi, asker: RawClient, gated: str) -> None:
    alice.update_repo_settings(gated, gated="auto")
    assert alice.model_info(gated).gated == "auto"
    assert fetch(asker, gated).status == 403
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert asker("POST", f"/{gated}/ask-access", b"country=CH&terms=on", headers=form).json == {"status": "accepted"}
    assert fetch(asker, gated).status == 200
    (request,) = alice.list_accepted_access_requests(gated)
    assert request.fields == {"country": "CH", "terms": "on"}


def test_reject_and_cancel(alice: HfApi, asker: RawClient, gated: str) -> None:
    asker("POST", f"/{gated}/ask-access")
    (request,) = alice.list_pending_access_requests(gated)
    alice.reject_access_request(gated, request_id=request.request_id, rejection_reason="not for you")
    assert names(alice.list_rejected_access_requests(gated)) == ["bob"]
    turned_down = fetch(asker, gated)
    assert (turned_down.status, "turned your request down" in turned_down.headers["x-error-message"]) == (403, True)
    assert asker("POST", f"/{gated}/ask-access").headers["x-error-code"] == "GatedRepo"
    alice.cancel_access_request(gated, "bob")
    assert names(alice.list_pending_access_requests(gated)) == ["bob"]
    with pytest.raises(HfHubHTTPError, match="404"):
        alice.cancel_access_request(gated, "bob")


def test_granted_access_needs_no_request(alice: HfApi, asker: RawClient, gated: str) -> None:
    alice.grant_access(gated, "bob")
    assert fetch(asker, gated).status == 200
    (request,) = alice.list_accepted_access_requests(gated)
    assert (request.username, request.email) == ("bob", None)
    with pytest.raises(BadRequestError, match="has access already"):
        alice.grant_access(gated, "bob")
    with pytest.raises(HfHubHTTPError, match="404"):
        alice.grant_access(gated, "nobody-of-that-name")
    alice.reject_access_request(gated, "bob", rejection_reason=None)
    assert fetch(asker, gated).status == 403
    alice.grant_access(gated, "bob")
    assert fetch(asker, gated).status == 200


def test_access_to_one_repository_opens_no_other(alice: HfApi, asker: RawClient, gated: str) -> None:
    alice.create_repo(f"{gated}-2")
    alice.upload_file(path_or_fileobj=b"content", path_in_repo="a.txt", repo_id=f"{gated}-2")
    alice.update_repo_settings(f"{gated}-2", gated="manual")
    alice.grant_access(gated, "bob")
    assert (fetch(asker, gated).status, fetch(asker, f"{gated}-2").status) == (200, 403)
    alice.delete_repo(f"{gated}-2")


def test_without_a_token(alice: HfApi, anonymous: HfApi, asker: RawClient, gated: str) -> None:
    answer = fetch(asker, gated, token=None)
    assert (answer.status, answer.headers["x-error-code"]) == (401, "GatedRepo")
    assert asker("POST", f"/{gated}/ask-access", token=None).status == 401
    with pytest.raises(GatedRepoError):
        anonymous.auth_check(gated)
    # The listing and the file names stay public, as on the real hub.
    assert anonymous.model_info(gated).gated == "manual"
    assert "a.txt" in anonymous.list_repo_files(gated)


@pytest.mark.parametrize("status", ["pending", "accepted", "rejected"])
def test_lists_are_for_those_who_may_write(bob: HfApi, asker: RawClient, gated: str, status: str) -> None:
    assert asker("GET", f"/api/models/{gated}/user-access-request/{status}").status == 403


@pytest.mark.parametrize("call", ["handle", "grant"])
def test_so_are_decisions(served: EmbeddedHub, asker: RawClient, gated: str, call: str, raw: RawClient) -> None:
    asker("POST", f"/{gated}/ask-access")
    body = {"user": "bob", "status": "accepted"}
    reader = served.token_for("alice", "read")
    for client, token in ((asker, ""), (raw, reader), (raw, None)):
        answer = client("POST", f"/api/models/{gated}/user-access-request/{call}", body, token=token)
        assert answer.status in (401, 403)
    assert fetch(asker, gated).status == 403


def test_a_repository_without_a_gate_takes_no_requests(alice: HfApi, asker: RawClient, repo: str) -> None:
    assert asker("POST", f"/{repo}/ask-access").status == 400
    for act in (lambda: alice.grant_access(repo, "bob"), lambda: list(alice.list_pending_access_requests(repo))):
        with pytest.raises(BadRequestError, match="not gated"):
            act()


def test_a_private_repository_is_not_given_away_by_asking(alice: HfApi, asker: RawClient, gated: str) -> None:
    alice.update_repo_settings(gated, private=True)
    assert asker("POST", f"/{gated}/ask-access").headers["x-error-code"] == "RepoNotFound"
    alice.update_repo_settings(gated, private=False)


def test_access_ends_with_the_repository(alice: HfApi, asker: RawClient, gated: str) -> None:
    """A name that is used again starts without anybody's access."""
    alice.grant_access(gated, "bob")
    alice.delete_repo(gated)
    alice.create_repo(gated)
    alice.upload_file(path_or_fileobj=b"new", path_in_repo="a.txt", repo_id=gated)
    alice.update_repo_settings(gated, gated="manual")
    assert fetch(asker, gated).status == 403


@pytest.mark.parametrize(
    "body", [b"[1]", b'{"a": 1}', b'{"a": "' + b"x" * 2000 + b'"}', b'{"a\\u0000": "b"}', b"{" + b" " * 70_000 + b"}"]
)
def test_malformed_requests(asker: RawClient, gated: str, body: bytes) -> None:
    assert asker("POST", f"/{gated}/ask-access", body).status in (400, 413)


def test_decisions_name_one_request(raw: RawClient, gated: str) -> None:
    address = f"/api/models/{gated}/user-access-request/handle"
    for body in ({}, {"status": "accepted"}, {"status": "accepted", "user": "bob", "requestId": "0" * 24}):
        assert raw("POST", address, body).status == 400
    assert raw("POST", address, {"status": "maybe", "user": "bob"}).status == 400
    assert raw("POST", address, {"status": "accepted", "user": "bob"}).status == 404
    assert raw("POST", address, {"status": "accepted", "user": "bob", "rejectionReason": "x"}).status == 400


def test_data_sets_have_gates_too(alice: HfApi, asker: RawClient) -> None:
    alice.create_repo("alice/gated-set", repo_type="dataset")
    alice.update_repo_settings("alice/gated-set", repo_type="dataset", gated="auto")
    address = f"{alice.endpoint}/datasets/alice/gated-set/resolve/main/.gitattributes"
    header = {"Authorization": f"Bearer {asker.token}"}
    assert httpx.get(address, headers=header).status_code == 403
    assert asker("POST", "/datasets/alice/gated-set/ask-access").json == {"status": "accepted"}
    assert httpx.get(address, headers=header).status_code == 200
    alice.delete_repo("alice/gated-set", repo_type="dataset")
