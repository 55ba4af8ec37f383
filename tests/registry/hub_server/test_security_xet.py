"""Xet uploads that are malformed, oversize, or somebody else's."""

import struct

import pytest
from hub_requests import BOOKEND, SHARD_HEADER, chunk, commit, large, sha256, shard, words, xet
from huggingface_hub import HfApi
from raw_http import RawClient

XORB = "ab" * 32
DATA = bytes(range(250)) * 40


def test_an_upload_by_hand(raw: RawClient, repo: str) -> None:
    cas, token = xet(raw, repo)
    parts = [DATA[:4000], DATA[4000:8001], DATA[8001:]]
    body = chunk(parts[0], 0) + chunk(parts[1], 1) + chunk(parts[2], 2)
    assert token("POST", f"{cas}/v1/xorbs/default/{XORB}", body).json == {"was_inserted": True}
    assert token("POST", f"{cas}/v1/xorbs/default/{XORB}", body).json == {"was_inserted": False}
    described = shard((sha256(DATA), [(XORB, 0, 1, 4000), (XORB, 1, 3, len(DATA) - 4000)]), checks=True)
    assert token("POST", f"{cas}/v1/shards", described).json == {"result": 1}
    assert commit(raw, repo, large("w.bin", sha256(DATA))).status == 200
    assert raw("GET", f"/{repo}/resolve/main/w.bin").body == DATA


def test_an_index_after_the_chunks_is_not_read(raw: RawClient, repo: str) -> None:
    cas, token = xet(raw, repo)
    assert token("POST", f"{cas}/v1/xorbs/default/{'b1' * 32}", chunk(DATA) + b"XETBLOB" + bytes(99)).status == 200
    assert token("POST", f"{cas}/v1/shards", shard((sha256(DATA), [("b1" * 32, 0, 1, len(DATA))]))).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 7,
        b"\1" + chunk(DATA)[1:],
        chunk(DATA)[:-1],
        chunk(DATA)[:4] + b"\3" + chunk(DATA)[5:],
        chunk(DATA, raw_length=0),
        chunk(DATA, raw_length=128 * 1024 + 1),
        chunk(DATA) + b"junk",
        b"XETBLOB" + bytes(40),
        b"\0\xff\xff\xff\0\xff\xff\xff",
    ],
)
def test_malformed_xorbs(raw: RawClient, repo: str, body: bytes) -> None:
    cas, token = xet(raw, repo)
    assert token("POST", f"{cas}/v1/xorbs/default/{'c0' * 32}", body).status == 400


@pytest.mark.parametrize("name", ["AB" * 32, "ab" * 31, "..%2f" + "a" * 59, "ab" * 32 + "%0a"])
def test_names_of_xorbs_are_strict(raw: RawClient, repo: str, name: str) -> None:
    cas, token = xet(raw, repo)
    assert token("POST", f"{cas}/v1/xorbs/default/{name}", chunk(DATA)).status in (400, 404)


@pytest.mark.parametrize(
    "packed",
    [
        chunk(bytes(128 * 1024), raw_length=1000),  # unpacks to more than it says
        chunk(DATA, raw_length=len(DATA) + 1),
        chunk(DATA)[:8] + b"\xff" * (len(chunk(DATA)) - 8),  # no LZ4 frame
        chunk(DATA, 0, raw_length=len(DATA) - 1),
    ],
)
def test_chunks_that_lie_about_their_length(raw: RawClient, repo: str, packed: bytes) -> None:
    cas, token = xet(raw, repo)
    name = sha256(packed)
    assert token("POST", f"{cas}/v1/xorbs/default/{name}", packed).status == 200
    size = int.from_bytes(packed[5:8], "little")
    assert token("POST", f"{cas}/v1/shards", shard((sha256(DATA), [(name, 0, 1, size)]))).status == 400
    assert commit(raw, repo, large("w.bin", sha256(DATA))).status == 400


def _file(flags: int, count: int) -> bytes:
    return SHARD_HEADER + bytes(32) + struct.pack("<IIQ", flags, count, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x" * 500,
        SHARD_HEADER[:40],
        SHARD_HEADER,
        SHARD_HEADER[:32] + struct.pack("<QQ", 9, 0) + BOOKEND,
        _file(0, 0) + BOOKEND,  # no sha256
        _file(1 << 30, 2**32 - 1) + bytes(480),  # more segments than bytes
        _file(1 << 30, 1) + words(XORB) + struct.pack("<IIII", 0, 10, 5, 5) + words("0" * 64) + bytes(16) + BOOKEND,
        _file(1 << 30, 1)
        + words(XORB)
        + struct.pack("<IIII", 0, 2**32 - 1, 0, 1)
        + words("0" * 64)
        + bytes(16)
        + BOOKEND,
        shard(("0" * 64, [("dd" * 32, 0, 1, 10)])),  # a xorb that was never sent
    ],
)
def test_malformed_shards(raw: RawClient, repo: str, body: bytes) -> None:
    cas, token = xet(raw, repo)
    assert token("POST", f"{cas}/v1/shards", body).status == 400


def test_a_shard_must_fit_its_xorb(raw: RawClient, repo: str) -> None:
    cas, token = xet(raw, repo)
    name = "e0" * 32
    token("POST", f"{cas}/v1/xorbs/default/{name}", chunk(DATA))
    for segment in ((name, 0, 2, len(DATA)), (name, 1, 2, 10), (name, 0, 1, len(DATA) - 1)):
        assert token("POST", f"{cas}/v1/shards", shard((sha256(DATA), [segment]))).status == 400
    assert token("POST", f"{cas}/v1/shards", shard(("0" * 64, [(name, 0, 1, len(DATA))]))).status == 400


def test_a_huge_file_is_refused_before_it_is_built(raw: RawClient, repo: str) -> None:
    cas, token = xet(raw, repo)
    segment = (XORB, 0, 32768, 2**32 - 1)
    assert token("POST", f"{cas}/v1/shards", shard(("0" * 64, [segment] * 30))).status == 413


def test_xorbs_of_another_namespace_are_out_of_reach(raw: RawClient, repo: str, bob: HfApi) -> None:
    cas, token = xet(raw, repo)
    name = "f0" * 32
    token("POST", f"{cas}/v1/xorbs/default/{name}", chunk(DATA))
    stranger = RawClient(raw.endpoint, str(bob.token))
    stranger("POST", "/api/repos/create", {"name": "xet"})
    other_cas, other = xet(stranger, "bob/xet")
    described = shard((sha256(DATA), [(name, 0, 1, len(DATA))]))
    assert other("POST", f"{other_cas}/v1/shards", described).status == 400
    assert other("POST", f"{cas}/v1/shards", described).status == 404  # his token, her pool
    stranger("DELETE", "/api/repos/delete", {"name": "xet"})


def test_tokens(raw: RawClient, repo: str) -> None:
    cas, token = xet(raw, repo)
    for client in (RawClient(raw.endpoint, "x.y"), raw):  # a hub token is no Xet token
        assert client("POST", f"{cas}/v1/xorbs/default/{XORB}", chunk(DATA)).status == 403
    assert token("POST", f"{cas}/v1/xorbs/default/{XORB}", chunk(DATA), token=None).status == 401
    assert token("GET", "/api/whoami-v2").status == 401  # nor the other way round


def test_the_address_is_ours_whatever_the_client_calls_us(raw: RawClient, repo: str) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = raw("GET", f"/api/models/{repo}/xet-write-token/main", headers=headers)
    assert answer.json["casUrl"].startswith(raw.endpoint)
    assert answer.json["casUrl"].endswith("-alice")


@pytest.mark.parametrize("path", ["/v1/chunks/default/" + XORB, "/v1/xorb-grants/default/" + XORB, "/v2/shards"])
def test_newer_calls_are_answered_with_go_on_without(raw: RawClient, repo: str, path: str) -> None:
    cas, token = xet(raw, repo)
    for method in ("GET", "POST"):
        assert token(method, cas + path, b"").status == 404
