"""Names that must not exist, and addresses that lead nowhere."""

import pytest
from hub_requests import commit, inline
from raw_http import RawClient

# fmt: off
BAD_PATHS = [
    "../x", "a/../b", "..", ".", "./a", "a/./b", "/etc/passwd", "a//b", "a/", "", "a\\b", "..\\x", "a\0b", "a\nb",
    "a\x7fb", "a\x85b", ".git/config", "a/.GIT/hooks", ".Git", "x" * 1025, "é" * 513, "\ud800",
]
# fmt: on


@pytest.mark.parametrize("path", BAD_PATHS, ids=ascii)
def test_paths_that_no_file_may_have(raw: RawClient, repo: str, path: str) -> None:
    before = raw("GET", f"/api/models/{repo}").json["sha"]
    assert commit(raw, repo, inline(path)).status == 400
    assert raw("GET", f"/api/models/{repo}").json["sha"] == before


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%2f..%2fhub.sqlite",
        "%2fetc%2fpasswd",
        "a%5c..%5cb",
        "a%00b",
    ],
)
def test_resolve_never_leaves_the_repository(raw: RawClient, repo: str, path: str) -> None:
    answer = raw("GET", f"/{repo}/resolve/main/{path}")
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body


@pytest.mark.parametrize("path", ["..", "%2e%2e%2f", "a%2f..%2fb", "%00"])
def test_trees_neither(raw: RawClient, repo: str, path: str) -> None:
    assert raw("GET", f"/api/models/{repo}/tree/main/{path}").status in (400, 404)


@pytest.mark.parametrize("address", ["/%ff%fe/x/resolve/main/a", "/alice/%c3%28/resolve/main/a", "/api/models/%80/b"])
def test_addresses_that_are_not_utf8(raw: RawClient, address: str) -> None:
    assert raw("GET", address).status == 400


@pytest.mark.parametrize(
    "name", ["a b", "-a", "a-", ".a", "a..b", "a--b", "alice/a/b", "x" * 97, "a.git", "ä", "", "a\nb"]
)
def test_repository_names(raw: RawClient, name: str) -> None:
    assert raw("POST", "/api/repos/create", {"name": name, "organization": "alice"}).status == 400


@pytest.mark.parametrize("namespace", ["api", "datasets", "models", "_lfs", "_xet", "Spaces", "docs", "../x"])
def test_reserved_namespaces(raw: RawClient, namespace: str) -> None:
    assert raw("POST", "/api/repos/create", {"name": "x", "organization": namespace}).status in (400, 403)


@pytest.mark.parametrize(
    "name",
    ["0123456789" * 4, "ABCDEFABCD" * 4, "refs/heads/x", "HEAD", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b",
     "a@{1}", "-a", "a.lock", "a/.b", "a//b", "/a", "a/", "a.", "@", "", "ä", "a\x7f", "x" * 201],
)  # fmt: skip
def test_branches_and_tags_that_may_not_be(raw: RawClient, repo: str, name: str) -> None:
    assert raw("POST", f"/api/models/{repo}/tag/main", {"tag": name}).status == 400
    if name:
        quoted = "".join(f"%{byte:02x}" for byte in name.encode())
        assert raw("POST", f"/api/models/{repo}/branch/{quoted}", {}).status == 400


def test_a_branch_and_a_tag_cannot_share_a_name(raw: RawClient, repo: str) -> None:
    assert raw("POST", f"/api/models/{repo}/tag/main", {"tag": "v1"}).status == 200
    for taken in ("v1", "v1/x", "main", "main/x"):
        assert raw("POST", f"/api/models/{repo}/branch/{taken.replace('/', '%2f')}", {}).status == 409
    assert raw("POST", f"/api/models/{repo}/tag/main", {"tag": "main"}).status == 409


def test_main_cannot_be_deleted(raw: RawClient, repo: str) -> None:
    for spelled in ("main", "%6dain"):
        assert raw("DELETE", f"/api/models/{repo}/branch/{spelled}").status == 400


@pytest.mark.parametrize("paths", [("k", "k/l"), ("k/l", "k"), ("a/b/c", "a/b")])
def test_a_file_and_a_folder_of_one_name(raw: RawClient, repo: str, paths: tuple[str, str]) -> None:
    assert commit(raw, repo, *map(inline, paths)).status == 400
    assert commit(raw, repo, inline(paths[0])).status == 200
    assert commit(raw, repo, inline(paths[1])).status == 400


@pytest.mark.parametrize("revision", ["refs%2Fheads%2F..%2Fx", "..", "refs%2Ftags%2Fnone", "0" * 40, "main%0a"])
def test_revisions_that_are_not_there(raw: RawClient, repo: str, revision: str) -> None:
    answer = raw("GET", f"/api/models/{repo}/revision/{revision}")
    assert (answer.status, answer.headers["x-error-code"]) == (404, "RevisionNotFound")
    assert commit(raw, repo, inline("a"), revision=revision).status in (400, 404)


@pytest.mark.parametrize(
    "address",
    [
        "/api/models/alice/a%00b",
        "/api/models/{repo}/revision/%00",
        "/api/models/{repo}/tree/main/a%00",
        "/{repo}/resolve/%00/a",
        "/api/models?search=%00",
        "/api/models?author=a%00",
        "/api/users/%00/overview",
    ],
)
def test_no_nul_reaches_the_database(raw: RawClient, repo: str, address: str) -> None:
    """PostgreSQL refuses it, which must not look like an outage that clients wait for."""
    assert raw("GET", address.format(repo=repo)).status == 400


def test_commits_of_another_repository_are_not_ours(raw: RawClient, repo: str) -> None:
    raw("POST", "/api/repos/create", {"name": "other"})
    foreign = commit(raw, "alice/other", inline("a")).json["commitOid"]
    assert raw("GET", f"/{repo}/resolve/{foreign}/a").status == 404
    raw("DELETE", "/api/repos/delete", {"name": "other"})
