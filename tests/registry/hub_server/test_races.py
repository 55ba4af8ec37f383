"""Many writers at once, and two servers on one folder: nothing is lost, nothing is seen half."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier

from hub_requests import commit, inline, large, ndjson, sha256, upload, upload_address
from raw_http import Answer, RawClient

from registry.db.session import session_scope
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.queries import history, repos
from registry.hub_server.queries.history import HEADS, TAGS

RACERS = 20
COMMITTERS = 50


def race(act: Callable[[int], Answer], racers: int = RACERS) -> list[Answer]:
    """Call ``act`` from all racers at the same moment."""
    start = Barrier(racers)

    def run(number: int) -> Answer:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def test_racing_committers_keep_all(raw: RawClient, repo: str) -> None:
    answers = race(
        lambda number: commit(raw, repo, inline(f"{number}.txt", b"%d" % number), summary=f"n{number}"), COMMITTERS
    )
    assert [answer.status for answer in answers] == [200] * COMMITTERS
    paths = {item["rfilename"] for item in raw("GET", f"/api/models/{repo}").json["siblings"]}
    assert paths == {".gitattributes", *(f"{number}.txt" for number in range(COMMITTERS))}
    line, link = [], f"/api/models/{repo}/commits/main"
    while link:
        page = raw("GET", link)
        line += page.json
        link = page.headers.get("link", "").partition(">")[0][1:]
    assert {entry["title"] for entry in line} == {"initial commit", *(f"n{number}" for number in range(COMMITTERS))}
    assert {entry["id"] for entry in line} >= {answer.json["commitOid"] for answer in answers}


def test_of_racers_from_one_parent_one_wins(raw: RawClient, repo: str) -> None:
    parent = raw("GET", f"/api/models/{repo}").json["sha"]
    answers = race(lambda number: commit(raw, repo, inline("a", b"%d" % number), parentCommit=parent))
    assert sorted(answer.status for answer in answers) == [200] + [412] * (RACERS - 1)


def test_a_commit_sent_many_times_is_made_once(raw: RawClient, repo: str) -> None:
    answers = race(lambda _: commit(raw, repo, inline("a", b"same"), summary="same"))
    assert len({answer.json["commitOid"] for answer in answers}) == 1
    assert len(raw("GET", f"/api/models/{repo}/commits/main").json) == 2


def test_a_repeated_deletion_is_answered_alike(raw: RawClient, repo: str) -> None:
    """A client that lost the answer sends the commit again; by then the file is gone already."""
    commit(raw, repo, inline("a"))
    head = raw("GET", f"/api/models/{repo}").json["sha"]
    answers = [commit(raw, repo, ("deletedFile", {"path": "a"}), parentCommit=head) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.json["commitOid"] for answer in answers}) == 1


def test_a_pull_request_sent_many_times_is_opened_once(raw: RawClient, repo: str) -> None:
    address = f"/api/models/{repo}/commit/main?create_pr=1"
    answers = race(lambda _: raw("POST", address, ndjson(inline("a", b"proposed"))))
    assert {answer.json["pullRequestUrl"] for answer in answers} == {f"{raw.endpoint}/{repo}/discussions/1"}
    assert raw("POST", address, ndjson(inline("a", b"another"))).json["pullRequestUrl"].endswith("/discussions/2")


def test_of_racers_for_a_name_one_wins(raw: RawClient) -> None:
    answers = race(lambda _: raw("POST", "/api/repos/create", {"name": "wanted"}))
    assert sorted(answer.status for answer in answers) == [200] + [409] * (RACERS - 1)
    assert {answer.json["url"] for answer in answers} == {f"{raw.endpoint}/alice/wanted"}
    raw("DELETE", "/api/repos/delete", {"name": "wanted"})


def test_racing_uploads_of_one_object(raw: RawClient, repo: str) -> None:
    data = bytes(200_000)
    address = upload_address(raw, repo, sha256(data), len(data))
    assert {answer.status for answer in race(lambda _: raw("PUT", address, data, token=None))} == {200}
    assert commit(raw, repo, large("w.bin", sha256(data))).status == 200
    assert raw("GET", f"/{repo}/resolve/main/w.bin").body == data


def test_nobody_looks_at_a_repository_that_another_is_about_to_change(
    served: EmbeddedHub, raw: RawClient, repo: str
) -> None:
    """While one transaction holds the lock, another waits before it reads: else it would judge what is gone.

    PostgreSQL would let the insertion alone wait (for the key that it refers to), which is too late.
    """
    head = raw("GET", f"/api/models/{repo}").json["sha"]
    moved = commit(raw, repo, inline("a")).json["commitOid"]
    address = f"/api/models/{repo}"
    acts: list[tuple[Callable[[], Answer], int]] = [
        (lambda: commit(raw, repo, inline("b"), parentCommit=moved), 412),
        (lambda: raw("POST", f"{address}/branch/taken", {}), 409),
        (lambda: raw("POST", f"{address}/tag/main", {"tag": "taken-too"}), 409),
        (lambda: raw("POST", f"{address}/branch/new", {"startingPoint": "gone"}), 404),
        (lambda: raw("POST", f"{address}/super-squash/gone", {}), 404),
    ]
    raw("POST", f"{address}/branch/gone", {})
    with ThreadPoolExecutor(len(acts)) as pool:
        with session_scope(served.engine, write=True) as session:
            known = repos.get_repo(session, "models", *repo.split("/"))
            assert known is not None
            assert repos.lock_repo(session, known.id)
            answers = [pool.submit(act) for act, _ in acts]
            done, _ = wait(answers, timeout=0.5)
            assert not done
            history.set_ref(session, known.id, f"{HEADS}main", head)
            history.set_ref(session, known.id, f"{HEADS}taken", head)
            history.set_ref(session, known.id, f"{TAGS}taken-too", head)
            history.remove_ref(session, known.id, f"{HEADS}gone")
        assert [answer.result().status for answer in answers] == [status for _, status in acts]


def test_two_servers_on_one_folder(tmp_path: Path) -> None:
    with EmbeddedHub(tmp_path) as first, EmbeddedHub(tmp_path) as second:
        token = first.token_for("alice")
        here, there = RawClient(first.endpoint, token), RawClient(second.endpoint, token)
        assert here("POST", "/api/repos/create", {"name": "shared"}).status == 200
        address = upload_address(here, "alice/shared", sha256(b"\0one"), 4)
        signed = address.removeprefix(first.endpoint)
        assert there("PUT", signed, b"\0one", token=None).status == 200  # one key for both
        assert commit(there, "alice/shared", large("one.bin", sha256(b"\0one"))).status == 200
        assert here("GET", "/alice/shared/resolve/main/one.bin").body == b"\0one"
        both = [here, there]
        answers = race(lambda number: commit(both[number % 2], "alice/shared", inline(f"{number}")))
        assert [answer.status for answer in answers] == [200] * RACERS
        assert len(here("GET", "/api/models/alice/shared").json["siblings"]) == RACERS + 2
        assert upload(there, "alice/shared", b"\0two") == sha256(b"\0two")
