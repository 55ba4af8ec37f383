"""Requests that are malformed, too large, or try to make the server speak for an attacker."""

import json

import pytest
from hub_requests import batch, commit, inline, large, ndjson, upload
from raw_http import RawClient

NESTED = b'{"a":' * 100_000


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"name": NaN}', b"{}{}", NESTED, b'{"a": 1' + b"0" * 9999 + b"}"],
)
@pytest.mark.parametrize("path", ["/api/repos/create", "/api/validate-yaml"])
def test_malformed_json_is_the_clients_fault(raw: RawClient, path: str, body: bytes) -> None:
    assert raw("POST", path, body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": 1},
        {"name": ["x"]},
        {"name": "x", "type": "space"},
        {"name": "x", "type": {}},
        {"name": "x", "visibility": "secret"},
        {"name": "x", "visibility": {}},
        {"name": "x", "private": "yes"},
        {"name": "\ud800"},
        {"name": "x\0"},
    ],
)
def test_fields_of_the_wrong_type(raw: RawClient, body: dict[str, object]) -> None:
    assert raw("POST", "/api/repos/create", body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"not json",
        b'{"key": "file", "value": {"path": "a", "content": ""}}',  # no header first
        b'{"key": "header"}',
        b'{"key": "header", "value": {}}',
        b'{"key": "header", "value": {"summary": ""}}',
        b'{"key": "header", "value": {"summary": 5}}',
        ndjson(parentCommit="main"),
        ndjson(parentCommit="A" * 40),
        ndjson(("file", {"path": "a"})),
        ndjson(("file", {"path": "a", "content": "%%%", "encoding": "base64"})),
        ndjson(("file", {"path": "a", "content": "YQ", "encoding": "base64"})),
        ndjson(("file", {"path": "a", "content": "a", "encoding": "rot13"})),
        ndjson(("file", {"path": "a", "content": "\ud800", "encoding": "utf-8"})),
        ndjson(("file", {"path": 5, "content": ""})),
        ndjson(("lfsFile", {"path": "a", "algo": "md5", "oid": "0" * 64})),
        ndjson(("unknown", {"path": "a"})),
        ndjson(inline("a")) + b"\n[]",
        ndjson(inline("a")) + b'\n{"key": "file", "value": []}',
        ndjson(inline("a")) + b'\n{"key": "fi',
    ],
)
def test_malformed_commits_change_nothing(raw: RawClient, repo: str, body: bytes) -> None:
    before = raw("GET", f"/api/models/{repo}").json["sha"]
    assert raw("POST", f"/api/models/{repo}/commit/main", body).status == 400
    assert raw("GET", f"/api/models/{repo}").json["sha"] == before


def test_an_inline_file_beyond_the_limit(raw: RawClient, repo: str) -> None:
    assert commit(raw, repo, inline("a", bytes(3 * 2**20))).status == 200
    assert commit(raw, repo, inline("b", bytes(3 * 2**20 + 1))).status == 413
    assert commit(raw, repo, *(inline(f"{n}", bytes(2**21)) for n in range(4))).status == 413  # the body as a whole


def test_a_json_body_beyond_the_limit(raw: RawClient) -> None:
    assert raw("POST", "/api/repos/create", b" " * (2**20 + 1)).status == 413
    chunked = b"100001\r\n" + b" " * 0x100001 + b"\r\n0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    try:
        assert raw("POST", "/api/repos/create", chunked, headers=headers).status in (400, 413)
    except ConnectionError:  # the server may hang up before we have sent all
        return


@pytest.mark.parametrize("files", [None, {}, [1], [{"path": "a"}], [{"path": "a", "size": "1"}], [{}] * 257])
def test_malformed_preuploads(raw: RawClient, repo: str, files: object) -> None:
    assert raw("POST", f"/api/models/{repo}/preupload/main", {"files": files}).status == 400
    sample = {"files": [{"path": "a", "size": 1, "sample": "%%"}]}
    assert raw("POST", f"/api/models/{repo}/preupload/main", sample).status == 400


def test_a_gitignore_that_takes_for_ever(raw: RawClient, repo: str) -> None:
    body = {
        "files": [{"path": "a" * 900, "size": 1, "sample": ""}],
        "gitIgnore": "*a" * 400 + "b\n" + "**/" * 400 + "x",
    }
    assert raw("POST", f"/api/models/{repo}/preupload/main", body).status == 200


@pytest.mark.parametrize(
    "card",
    [
        "---\na: &x [1]\nb: *x\n---\n",
        "---\n" + "a: &a [x,x,x,x,x,x,x,x,x]\n" + "b: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n" * 3 + "---\n",
        "---\n!!python/object/apply:os.system [id]\n---\n",
        "---\n[1, 2]\n---\n",
        "---\na: " + "[" * 5000 + "\n---\n",
        "---\na: b: c\n---\n",
        "---\nno end\n",
        "---\na: 2026-99-99\n---\n",
    ],
)
def test_hostile_cards(raw: RawClient, repo: str, card: str) -> None:
    answer = raw("POST", "/api/validate-yaml", {"content": card, "repoType": "model"})
    assert (answer.status, bool(answer.json["errors"][0]["message"])) == (400, True)
    # Committed nevertheless (the check is the client's), it must not break the description.
    assert commit(raw, repo, inline("README.md", card.encode())).status == 200
    described = raw("GET", f"/api/models/{repo}")
    assert (described.status, described.json["cardData"]) == (200, {})


def test_odd_values_in_a_card(raw: RawClient, repo: str) -> None:
    card = b"---\nx: .nan\ny: .inf\nd: 2026-01-02\n1: {2: 3}\ntags: [1, a]\nlicense: [mit]\nt: !!set {a}\n---\n"
    commit(raw, repo, inline("README.md", card), inline("config.json", b"[" * 100_000))
    data = raw("GET", f"/api/models/{repo}").json
    assert data["cardData"]["d"] == "2026-01-02"
    assert data["tags"] == ["a", "license:mit"]


def test_a_card_that_is_no_text(raw: RawClient, repo: str) -> None:
    commit(raw, repo, inline("README.md", b"---\n\xff\xfe\n---\n"))
    assert raw("GET", f"/api/models/{repo}").status == 200


HTML = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize("path", ["page.html", "image.svg", "a.js", "w.bin"])
def test_stored_pages_do_not_run(raw: RawClient, repo: str, path: str) -> None:
    row = large(path, upload(raw, repo, HTML)) if path.endswith(".bin") else inline(path, HTML)
    commit(raw, repo, row)
    answer = raw("GET", f"/{repo}/resolve/main/{path}")
    assert answer.body == HTML
    assert answer.headers["content-type"].partition(";")[0] in ("text/plain", "application/octet-stream")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_every_answer_has_the_headers(raw: RawClient) -> None:
    for path in ("/", "/api/models", "/nothing/here", "/api/models/alice/never-made"):
        assert raw("GET", path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ['a";x="b', "a;filename=evil.exe", "ü\u202e.txt", "%0d%0aSet-Cookie:x"])
def test_file_names_stay_inside_their_header(raw: RawClient, repo: str, name: str) -> None:
    assert commit(raw, repo, inline(name)).status == 200
    quoted = "".join(f"%{byte:02x}" for byte in name.encode())
    answer = raw("GET", f"/{repo}/resolve/main/{quoted}")
    value = answer.headers["content-disposition"].removeprefix("inline; filename*=UTF-8''")
    assert all(character.isalnum() or character in "%._-~" for character in value)
    assert "set-cookie" not in answer.headers


def test_error_headers_are_ascii(raw: RawClient, repo: str) -> None:
    answer = raw("POST", f"/api/models/{repo}/tag/main", {"tag": "ü\r\nX-Evil: 1"})
    assert answer.status == 400
    assert answer.headers["x-error-message"].isascii()
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80@x", ""])
def test_addresses_come_from_the_base_url(raw: RawClient, repo: str, host: str) -> None:
    for number in range(25):
        commit(raw, repo, inline(f"{number}"))
    headers = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}
    link = raw("GET", f"/api/models/{repo}/commits/main", headers=headers).headers["link"]
    assert link.startswith(f"<{raw.endpoint}/api/models/{repo}/commits/main?cursor=")
    rest = raw("GET", link.partition(">")[0][1:])
    assert len(rest.json) == 6


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Bearer \u00e4".encode().decode("latin-1")]
)
def test_odd_credentials(raw: RawClient, header: str) -> None:
    answer = raw("GET", "/api/models", token=None, headers={"Authorization": header})
    assert (answer.status, answer.headers["x-error-message"]) == (401, "Invalid credentials in Authorization header")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=1e9", "limit=99999999999", "cursor=x", "cursor=%ff", "cursor=OTk5.OQ"],
)
def test_odd_queries(raw: RawClient, query: str) -> None:
    assert raw("GET", f"/api/models?{query}").status == 400


def test_large_cursors(raw: RawClient) -> None:
    import base64

    for key in (b"-1.5", b"9" * 30 + b".1", b"1." + b"9" * 30, b"..", b"\xff"):
        cursor = base64.urlsafe_b64encode(key).decode()
        assert raw("GET", f"/api/models?cursor={cursor}").status in (200, 400)


@pytest.mark.parametrize("kind", ["spaces", "kernels", "MODELS", "models%2f"])
def test_other_kinds(raw: RawClient, kind: str) -> None:
    assert raw("GET", f"/api/{kind}").status == 404
    assert raw("GET", f"/api/{kind}/alice/x").status == 404


@pytest.mark.parametrize("body", [b"paths=%ff", b"paths=a&" * 10_001, b"\xff\xfe"])
def test_odd_forms(raw: RawClient, repo: str, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert raw("POST", f"/api/models/{repo}/paths-info/main", body, headers=form).status in (200, 400)
    as_json = {"Content-Type": "application/json"}
    for paths in (b'{"paths": 1}', b'{"paths": [1]}', b"[]"):
        assert raw("POST", f"/api/models/{repo}/paths-info/main", paths, headers=as_json).status == 400


def test_malformed_batches(raw: RawClient, repo: str) -> None:
    address = f"/{repo}.git/info/lfs/objects/batch"
    good = {"operation": "upload", "objects": [], "hash_algo": "sha256"}
    for field, value in (("operation", "download"), ("objects", {}), ("objects", [1]), ("hash_algo", "md5")):
        assert raw("POST", address, {**good, field: value}).status == 400
    assert batch(raw, repo, *[("0" * 64, 1)] * 1001).status == 400


def test_unknown_addresses_are_json(raw: RawClient) -> None:
    answer = raw("GET", "/no/such/thing")
    assert (answer.status, json.loads(answer.body)) == (404, {"error": "Not Found"})
    assert raw("GET", "/api/agent-harnesses").status == 404  # clients ask once a day
    assert raw("GET", "/docs").status == raw("GET", "/openapi.json").status == 404
