"""Whoever may only propose changes gets no further than that."""

from collections.abc import Iterator

import pytest
from hub_requests import chunk, commit, inline, large, ndjson, sha256, shard, upload, upload_address, xet
from huggingface_hub import HfApi
from raw_http import Answer, RawClient

from registry.hub_server.embedded import EmbeddedHub

SECRET = bytes(range(256)) * 9


@pytest.fixture
def stranger(bob: HfApi) -> RawClient:
    return RawClient(bob.endpoint, str(bob.token))


@pytest.fixture
def shared(raw: RawClient) -> Iterator[str]:
    """A public repository to which alice has uploaded something that no commit shows yet."""
    raw("POST", "/api/repos/create", {"name": "shared"})
    upload(raw, "alice/shared", SECRET)
    yield "alice/shared"
    raw("DELETE", "/api/repos/delete", {"name": "shared"})


def propose(client: RawClient, repo: str, *rows: tuple[str, dict[str, object]]) -> Answer:
    return client("POST", f"/api/models/{repo}/commit/main?create_pr=1", ndjson(*rows))


def test_a_hash_gives_no_right_to_an_upload_of_the_owner(raw: RawClient, stranger: RawClient, shared: str) -> None:
    assert propose(stranger, shared, large("stolen.bin", sha256(SECRET))).status == 400
    asked = (f"/{shared}.git/info/lfs/verify", {"oid": sha256(SECRET), "size": len(SECRET)})
    assert (raw("POST", *asked).status, stranger("POST", *asked).status) == (200, 404)
    address = upload_address(stranger, shared, sha256(SECRET), len(SECRET))  # the batch asks him for the bytes, too
    assert stranger("PUT", address, SECRET, token=None).status == 200
    assert propose(stranger, shared, large("proven.bin", sha256(SECRET))).status == 200


def test_what_is_committed_may_be_used(raw: RawClient, stranger: RawClient, shared: str) -> None:
    commit(raw, shared, large("w.bin", sha256(SECRET)))
    assert propose(stranger, shared, large("copy.bin", sha256(SECRET))).status == 200


def test_xorbs_of_the_owner_are_out_of_reach(raw: RawClient, stranger: RawClient, shared: str) -> None:
    cas, token = xet(raw, shared)
    token("POST", f"{cas}/v1/xorbs/default/{'9a' * 32}", chunk(SECRET))
    answer = stranger("GET", f"/api/models/{shared}/xet-write-token/main?create_pr=1").json
    assert answer["casUrl"].endswith("-bob")
    other = RawClient(raw.endpoint, answer["accessToken"])
    described = shard((sha256(SECRET), [("9a" * 32, 0, 1, len(SECRET))]))
    assert other("POST", f"{answer['casUrl']}/v1/shards", described).status == 400
    assert other("POST", f"{cas}/v1/shards", described).status == 404


def test_a_reading_token_proposes_nothing(served: EmbeddedHub, stranger: RawClient, shared: str) -> None:
    reader = RawClient(stranger.endpoint, served.token_for("bob", "read"))
    assert propose(reader, shared, inline("a")).status == 403
    assert reader("POST", f"/api/models/{shared}/discussions", {"title": "x"}).status == 403
    assert reader("GET", f"/api/models/{shared}/xet-write-token/main?create_pr=1").status == 403
    assert reader("POST", f"/{shared}.git/info/lfs/objects/batch", {"operation": "upload", "objects": []}).status == 403


@pytest.mark.parametrize("settings", [{"visibility": "private"}, {"gated": "manual"}])
def test_what_he_may_not_read_he_cannot_change(
    raw: RawClient, stranger: RawClient, shared: str, settings: dict[str, str]
) -> None:
    raw("PUT", f"/api/models/{shared}/settings", settings)
    refused = 404 if "visibility" in settings else 403
    assert propose(stranger, shared, inline("a")).status == refused
    assert stranger("POST", f"/api/models/{shared}/discussions", {"title": "x"}).status == refused
    assert stranger("GET", f"/api/models/{shared}/discussions").status == refused
    raw("PUT", f"/api/models/{shared}/settings", {"visibility": "public", "gated": False})


def test_only_writers_merge(raw: RawClient, stranger: RawClient, shared: str) -> None:
    propose(stranger, shared, inline("a"))
    assert stranger("POST", f"/api/models/{shared}/discussions/1/merge", {}).status == 403
    assert raw("POST", f"/api/models/{shared}/discussions/1/merge", {}).status == 200


def test_others_do_not_decide(raw: RawClient, stranger: RawClient, shared: str) -> None:
    propose(raw, shared, inline("a"))
    for call, body in (("status", {"status": "closed"}), ("title", {"title": "mine"})):
        assert stranger("POST", f"/api/models/{shared}/discussions/1/{call}", body).status == 403
    said = raw("POST", f"/api/models/{shared}/discussions/1/comment", {"comment": "hers"}).json["newMessage"]["id"]
    for call, text in (("edit", {"content": "his"}), ("hide", {})):
        assert stranger("POST", f"/api/models/{shared}/discussions/1/comment/{said}/{call}", text).status == 403


@pytest.mark.parametrize("revision", ["refs%2Fpr%2F1", "refs%2Fpr%2F99", "refs%2Fpr%2Fx", "refs%2Fpr%2F"])
def test_pull_requests_that_are_not_his(raw: RawClient, stranger: RawClient, shared: str, revision: str) -> None:
    propose(raw, shared, inline("a"))
    assert commit(stranger, shared, inline("b"), revision=revision).status in (403, 404)


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "9" * 30, "x", "1%2f"])
def test_numbers_that_are_none(raw: RawClient, shared: str, number: str) -> None:
    for method, address in (("GET", ""), ("POST", "/merge"), ("POST", "/comment")):
        assert raw(method, f"/api/models/{shared}/discussions/{number}{address}", {"comment": "x"}).status == 404


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("", {"title": ""}),
        ("", {"title": "x" * 201}),
        ("", {"title": 5}),
        ("/1/comment", {"comment": " "}),
        ("/1/comment", {}),
        ("/1/status", {"status": "merged"}),
        ("/1/status", {"status": "draft"}),
        ("/1/title", {"title": "\n"}),
    ],
)
def test_malformed_calls(raw: RawClient, shared: str, address: str, body: dict[str, object]) -> None:
    raw("POST", f"/api/models/{shared}/discussions", {"title": "first"})
    assert raw("POST", f"/api/models/{shared}/discussions{address}", body).status == 400


def test_a_merge_sent_twice_is_made_once(raw: RawClient, shared: str) -> None:
    propose(raw, shared, inline("a"))
    oids = {raw("POST", f"/api/models/{shared}/discussions/1/merge", {}).json["mergeCommitId"] for _ in range(3)}
    assert len(oids) == 1
    assert len(raw("GET", f"/api/models/{shared}/commits/main").json) == 2
    assert len(raw("GET", f"/api/models/{shared}/discussions/1").json["events"]) == 2  # its commit, and the merge


def test_a_comment_of_another_discussion(raw: RawClient, shared: str) -> None:
    for _ in range(2):
        raw("POST", f"/api/models/{shared}/discussions", {"title": "x"})
    said = raw("POST", f"/api/models/{shared}/discussions/1/comment", {"comment": "x"}).json["newMessage"]["id"]
    assert raw("POST", f"/api/models/{shared}/discussions/2/comment/{said}/edit", {"content": "y"}).status == 404
