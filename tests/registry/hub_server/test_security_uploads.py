"""Uploads that somebody else, or nobody, was allowed to make; and bytes that are not what they were said to be."""

from pathlib import Path

import pytest
from hub_requests import batch, commit, inline, large, sha256, upload, upload_address
from huggingface_hub import HfApi
from raw_http import RawClient

from registry.hub_server.embedded import EmbeddedHub

SECRET = b"\0secret weights" * 100


@pytest.fixture
def stranger(bob: HfApi, raw: RawClient) -> RawClient:
    return RawClient(raw.endpoint, str(bob.token))


@pytest.fixture
def private(raw: RawClient, repo: str) -> str:
    """A private repository that holds SECRET."""
    assert commit(raw, repo, large("w.bin", upload(raw, repo, SECRET)), inline("secret.txt", b"words")).status == 200
    raw("PUT", f"/api/models/{repo}/settings", {"visibility": "private"})
    return repo


def test_a_hash_gives_no_right_to_its_bytes(private: str, stranger: RawClient) -> None:
    stranger("POST", "/api/repos/create", {"name": "thief"})
    answer = commit(stranger, "bob/thief", large("stolen.bin", sha256(SECRET), len(SECRET)))
    assert (answer.status, b"was not uploaded" in answer.body) == (400, True)
    assert "actions" in batch(stranger, "bob/thief", (sha256(SECRET), len(SECRET))).json["objects"][0]
    verify = stranger("POST", "/bob/thief.git/info/lfs/verify", {"oid": sha256(SECRET), "size": len(SECRET)})
    assert verify.status == 404
    stranger("DELETE", "/api/repos/delete", {"name": "thief"})


def test_nor_within_one_namespace(raw: RawClient, private: str) -> None:
    """Repositories may be shared differently, so each must be given the bytes."""
    raw("POST", "/api/repos/create", {"name": "public-twin"})
    assert commit(raw, "alice/public-twin", large("w.bin", sha256(SECRET))).status == 400
    raw("DELETE", "/api/repos/delete", {"name": "public-twin"})


@pytest.mark.parametrize("token", [None, "bob"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/models/{repo}"),
        ("GET", "/api/models/{repo}/revision/main"),
        ("GET", "/api/models/{repo}/tree/main"),
        ("POST", "/api/models/{repo}/paths-info/main"),
        ("GET", "/api/models/{repo}/refs"),
        ("GET", "/api/models/{repo}/commits/main"),
        ("GET", "/{repo}/resolve/main/w.bin"),
        ("HEAD", "/{repo}/resolve/main/w.bin"),
        ("GET", "/api/models/{repo}/auth-check"),
        ("GET", "/api/models/{repo}/lfs-files"),
        ("POST", "/api/models/{repo}/preupload/main"),
        ("POST", "/api/models/{repo}/commit/main"),
        ("GET", "/api/models/{repo}/xet-write-token/main"),
        ("POST", "/{repo}.git/info/lfs/objects/batch"),
        ("PUT", "/api/models/{repo}/settings"),
        ("POST", "/api/models/{repo}/branch/x"),
        ("DELETE", "/api/models/{repo}/tag/x"),
        ("POST", "/api/models/{repo}/super-squash/main"),
    ],
)
def test_private_looks_like_missing(
    raw: RawClient, stranger: RawClient, private: str, method: str, path: str, token: str | None
) -> None:
    client = stranger if token else RawClient(raw.endpoint, None)
    answers = [
        client(method, path.format(repo=repo), b"{}" if method != "GET" else None, token="" if token else None)
        for repo in (private, "alice/never-made")
    ]
    assert answers[0].status == answers[1].status == (404 if token else 401)
    assert answers[0].headers["x-error-code"] == answers[1].headers["x-error-code"] == "RepoNotFound"
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/models/{repo}/commit/main"),
        ("POST", "/api/models/{repo}/preupload/main"),
        ("GET", "/api/models/{repo}/xet-write-token/main"),
        ("PUT", "/api/models/{repo}/settings"),
        ("POST", "/api/models/{repo}/branch/x"),
        ("DELETE", "/api/models/{repo}/branch/x"),
        ("POST", "/api/models/{repo}/tag/main"),
        ("DELETE", "/api/models/{repo}/tag/x"),
        ("POST", "/api/models/{repo}/super-squash/main"),
        ("GET", "/api/models/{repo}/auth-check/write"),
    ],
)
def test_writing_needs_the_right(
    served: EmbeddedHub, raw: RawClient, stranger: RawClient, repo: str, method: str, path: str
) -> None:
    reader = RawClient(raw.endpoint, served.token_for("alice", "read"))
    address = path.format(repo=repo)
    assert stranger(method, address, b"{}").status == 403
    assert reader(method, address, b"{}").status == 403
    assert raw(method, address, b"{}", token=None).status == 401


def test_a_read_token_makes_and_deletes_nothing(served: EmbeddedHub, raw: RawClient, repo: str) -> None:
    reader = RawClient(raw.endpoint, served.token_for("alice", "read"))
    assert reader("POST", "/api/repos/create", {"name": "by-reader"}).status == 403
    assert reader("DELETE", "/api/repos/delete", {"name": repo.partition("/")[2]}).status == 403
    move = {"fromRepo": repo, "toRepo": "alice/moved", "type": "model"}
    assert reader("POST", "/api/repos/move", move).status == 403


def test_nothing_is_moved_into_a_foreign_namespace(raw: RawClient, repo: str) -> None:
    assert raw("POST", "/api/repos/move", {"fromRepo": repo, "toRepo": "bob/gift", "type": "model"}).status == 403


def test_upload_addresses_are_signed(raw: RawClient, repo: str) -> None:
    address = upload_address(raw, repo, sha256(SECRET), len(SECRET))
    sealed = address.rpartition("/")[2]
    payload, _, mac = sealed.partition(".")
    for forged in (
        payload,
        f"{payload}.",
        f"{payload}.{'0' * 64}",
        f"{payload[:-2]}AA.{mac}",
        f".{mac}",
        "%c3%a9.%c3%a9",
    ):
        assert raw("PUT", f"/_lfs/{forged}", SECRET, token=None).status == 403
    assert raw("PUT", f"/_lfs/part/{sealed}", SECRET, token=None).status == 403  # sealed for another purpose
    assert raw("GET", f"/_lfs/{sealed}", token=None).status in (401, 404, 405)  # uploading opens no download
    assert raw("PUT", address, SECRET, token=None).status == 200
    assert raw("PUT", address, SECRET, token=None).status == 200  # sent again: the same bytes, no harm


def test_upload_addresses_expire(raw: RawClient, repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = upload_address(raw, repo, sha256(SECRET), len(SECRET))
    from registry.hub_server import signing

    later = signing.unix_seconds() + 7 * 3600
    monkeypatch.setattr(signing, "unix_seconds", lambda: later)
    assert raw("PUT", address, SECRET, token=None).status == 403


@pytest.mark.parametrize("sent", [SECRET[:-1], SECRET + b"x", b"\1" + SECRET[1:], b""])
def test_only_the_announced_bytes_are_taken(
    served: EmbeddedHub, raw: RawClient, repo: str, tmp_path: Path, sent: bytes
) -> None:
    data = SECRET + sent  # an object of this test alone
    address = upload_address(raw, repo, sha256(data), len(data))
    wrong = {SECRET[:-1]: data[:-1], SECRET + b"x": data + b"x", b"": b""}.get(sent, b"\1" + data[1:])
    assert raw("PUT", address, wrong, token=None).status in (400, 413)
    assert commit(raw, repo, large("w.bin", sha256(data))).status == 400


def test_an_endless_body_is_cut(raw: RawClient, repo: str) -> None:
    """Sent in chunks, so that no Content-Length warns the server."""
    address = upload_address(raw, repo, sha256(SECRET), len(SECRET))
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    headers = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    try:
        status = raw("PUT", address, chunk * 200 + b"0\r\n\r\n", token=None, headers=headers).status
    except (ConnectionError, TimeoutError):  # the server may hang up before we have sent all
        return
    assert status in (400, 413)


def test_the_real_size_wins(raw: RawClient, repo: str) -> None:
    oid = upload(raw, repo, SECRET)
    assert commit(raw, repo, large("w.bin", oid, size=1)).status == 200
    (item,) = [item for item in raw("GET", f"/api/models/{repo}/tree/main").json if item["path"] == "w.bin"]
    assert item["size"] == item["lfs"]["size"] == len(SECRET)


@pytest.mark.parametrize(
    "oid", ["A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "../" + "0" * 61, "", "g" * 64, "0" * 62 + "\u0661\u0662"]
)
def test_object_ids_are_strict(raw: RawClient, repo: str, oid: str) -> None:
    assert batch(raw, repo, (oid, 1)).status == 400
    assert commit(raw, repo, large("a.bin", oid)).status == 400


@pytest.mark.parametrize("size", [-1, 1.5, "1", None, True, 10**30])
def test_sizes_are_strict(raw: RawClient, repo: str, size: int) -> None:
    assert batch(raw, repo, ("0" * 64, size)).status in (400, 413)


def test_an_upload_to_a_deleted_repository_goes_nowhere(raw: RawClient) -> None:
    raw("POST", "/api/repos/create", {"name": "short-lived"})
    address = upload_address(raw, "alice/short-lived", sha256(SECRET), len(SECRET))
    raw("DELETE", "/api/repos/delete", {"name": "short-lived"})
    assert raw("PUT", address, SECRET, token=None).status == 409


def test_parts(raw: RawClient, repo: str) -> None:
    data = bytes(6 * 2**20 + 5)  # the hub of these tests asks for parts of 1 MiB from 6 MiB on
    answer = batch(raw, repo, (sha256(data), len(data)), transfers=["basic", "multipart"])
    action = answer.json["objects"][0]["actions"]["upload"]
    step = int(action["header"]["chunk_size"])
    addresses = [action["header"][str(number)] for number in range(1, 8)]
    assert raw("PUT", addresses[0], data[:5], token=None).status == 400
    assert raw("PUT", addresses[6], data[:step], token=None).status == 413
    etags = [
        raw("PUT", address, data[index * step : (index + 1) * step], token=None).headers["etag"]
        for index, address in enumerate(addresses)
    ]
    parts = [{"partNumber": number, "etag": etag} for number, etag in enumerate(etags, 1)]
    complete = action["href"]
    for wrong in (parts[:-1], parts[::-1], [{**parts[0], "etag": "../../x"}], "parts", [1]):
        assert raw("POST", complete, {"oid": sha256(data), "parts": wrong}, token=None).status == 400
    assert (
        raw("POST", complete, {"oid": sha256(data), "parts": [{"partNumber": 1, "etag": "0"}]}, token=None).status
        == 404
    )
    assert raw("POST", complete, {"oid": "0" * 64, "parts": parts}, token=None).status == 400
    assert raw("POST", complete, {"oid": sha256(data), "parts": parts}, token=None).status == 200
    assert commit(raw, repo, large("w.bin", sha256(data))).status == 200
