"""A worker with a token and no database, over HTTP: the same results, every call twice, and what it may not do."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmark_catalogues import COST, IMPOSSIBLE, UPSTREAM, DigitCatalogue, digit_catalogue, table_of
from site_server import running_site
from sqlalchemy import text

from benchmark.drain import Event, drain, drain_queue
from benchmark.remote_queue import ServerQueue
from leaderboard.settings import SiteSettings
from registry import jobs, submissions
from registry.accounts import create_account, issue_token, worker_token
from registry.db.session import session_scope
from registry.errors import AccessError, LeaseLostError, ServerAddressError, ServerUnavailableError
from registry.jobs import Evaluation
from registry.server_address import ServerAddress
from registry.sources.transport import Transport
from zoo.checkpoint.folder import ModelFolder

CELLS = [UPSTREAM, IMPOSSIBLE, COST]
NO_PAUSES = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Served:
    """A catalogue behind a server, and the token of a machine that ada runs."""

    catalogue: DigitCatalogue
    address: str
    token: str
    home: Path

    def queue(self, **given: Any) -> ServerQueue:
        settings = replace(self.catalogue.settings, home=self.home, database_url="sqlite:////nowhere/at/all.sqlite")
        return ServerQueue(
            ServerAddress.parse(self.address), self.token, settings, folders=self.catalogue.folders, pauses=NO_PAUSES,
            **given,
        )  # fmt: skip

    def work(self, queue: ServerQueue | None = None) -> list[Event]:
        """Do what the server offers; ``started`` is left out."""
        events: list[Event] = []
        order = replace(self.catalogue.order([]), job_ids=None, until_idle=True)
        drain_queue(queue or self.queue(), order, threading.Event(), events.append)
        return [event for event in events if event.state != "started"]

    def score(self) -> None:
        """What a worker beside the server does with deliveries."""
        order = replace(self.catalogue.order([]), job_ids=None, until_idle=True, evaluate=False)
        stop = threading.Event()
        with session_scope(self.catalogue.engine) as session:
            waiting = session.execute(text("select count(*) from job where delivered and state = 'queued'")).scalar()
        seen: list[Event] = []

        def note(event: Event) -> None:
            seen.append(event)
            if len([one for one in seen if one.state != "started"]) == waiting:
                stop.set()

        if waiting:
            drain(order, stop, note)

    def post(self, path: str, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.post(f"{self.address}/api/v1/work/{path}", json=body, headers=headers)


@pytest.fixture
def served(catalogue: DigitCatalogue, tmp_path: Path) -> Iterator[Served]:
    with session_scope(catalogue.engine, write=True) as session:
        create_account(session, "ada")
        token = worker_token(session, "ada-box", "ada")
    with running_site(catalogue.engine, SiteSettings(blobs=catalogue.settings.blobs)) as address:
        yield Served(catalogue, address, token, tmp_path / "worker")


@pytest.fixture(scope="module")
def reference(
    digit_models: tuple[ModelFolder, ModelFolder], tmp_path_factory: pytest.TempPathFactory
) -> DigitCatalogue:
    """The same jobs, done by one worker in this process."""
    made = digit_catalogue(tmp_path_factory.mktemp("reference"), digit_models)
    ids = made.enqueue(CELLS)
    drain(made.order(ids), threading.Event(), lambda _: None)
    return made


def as_measured(catalogue: DigitCatalogue) -> list[object]:
    """Without who did it, which is told apart below."""
    added = ("worker", "scored")
    rows = [
        replace(row, provenance={name: each for name, each in row.provenance.items() if name not in added})
        for row in catalogue.results()
    ]
    return sorted(table_of(rows), key=repr)


def test_the_results_are_those_of_a_worker_with_the_database(served: Served, reference: DigitCatalogue) -> None:
    ids = served.catalogue.enqueue(CELLS)
    done = served.work()
    assert sorted(event.state for event in done) == ["done"] * 4 + ["failed"] * 2
    assert served.catalogue.results() == []  # nothing counts before it is scored
    served.score()
    assert as_measured(served.catalogue) == as_measured(reference)
    rows = served.catalogue.results()
    assert {(row.trust, row.provenance["worker"]) for row in rows} == {("measured", "ada-box")}
    assert {job.state for job in served.catalogue.jobs(ids)} == {"done", "failed"}


@pytest.mark.slow
def test_every_call_may_come_twice(served: Served, reference: DigitCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to each first call is lost on the way, so that it is sent again."""
    ask, answered = Transport._ask, set[tuple[str, str]]()

    def lossy(self: Transport, method: str, path: str, **request: Any) -> bytes:
        body = ask(self, method, path, **request)
        if (method, path) not in answered:
            answered.add((method, path))
            raise ServerUnavailableError("the answer was lost")
        return body

    monkeypatch.setattr(Transport, "_ask", lossy)
    ids = served.catalogue.enqueue(CELLS)
    served.work()
    monkeypatch.undo()
    assert {job.attempt for job in served.catalogue.jobs(ids)} == {1}
    served.score()
    assert as_measured(served.catalogue) == as_measured(reference)
    # One call of each kind at least, and one claim that was answered only the second time.
    assert {path.rpartition("/")[2][:8] for _, path in answered} >= {"claim", "missing", "deliver", "fail"}


@pytest.mark.slow
def test_a_connection_that_is_cut_before_the_request_costs_nothing(
    served: Served, reference: DigitCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, calls = Transport._ask, []

    def cut(self: Transport, method: str, path: str, **request: Any) -> bytes:
        calls.append(path)
        if len(calls) % 2:
            raise ServerUnavailableError("cut")
        return ask(self, method, path, **request)

    monkeypatch.setattr(Transport, "_ask", cut)
    ids = served.catalogue.enqueue(CELLS)
    served.work()
    monkeypatch.undo()
    served.score()
    assert {job.attempt for job in served.catalogue.jobs(ids)} <= {1, 2}
    assert as_measured(served.catalogue) == as_measured(reference)


@pytest.mark.slow
def test_a_server_that_restarts_in_the_middle_loses_nothing(
    catalogue: DigitCatalogue, reference: DigitCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(catalogue.engine, write=True) as session:
        token = worker_token(session, "box")
    settings, ids = SiteSettings(blobs=catalogue.settings.blobs), catalogue.enqueue(CELLS)
    with running_site(catalogue.engine, settings) as address:
        served = Served(catalogue, address, token, tmp_path / "worker")
        queue = served.queue()
        record = queue.claim()
        assert record is not None
    # The server is gone; the worker has a job in hand and finishes it at the next one.
    with running_site(catalogue.engine, settings) as address:
        there = ServerAddress.parse(address)
        monkeypatch.setattr(queue._transport, "address", there)
        with queue.heartbeat(record):
            assert queue.run(record)
        Served(catalogue, address, token, tmp_path / "worker").work()
    Served(catalogue, address, token, tmp_path / "worker").score()
    assert {job.state for job in catalogue.jobs(ids)} == {"done", "failed"}
    assert as_measured(catalogue) == as_measured(reference)


def test_an_upload_after_the_lease_is_refused_cleanly(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.catalogue.enqueue([UPSTREAM], served.catalogue.checkpoints[:1])
    late = served.queue()
    record = late.claim()
    assert record is not None
    with session_scope(served.catalogue.engine, write=True) as session:
        session.execute(text("update job set lease_expires_us = 1"))
        assert jobs.reap(session) == 1
    with pytest.raises(LeaseLostError, match="no longer holds attempt 1"):
        late.run(record)
    assert not any((served.home.parent / "home" / "blobs").rglob("*")), "nothing was taken in"
    assert [event.state for event in served.work()] == ["done"]
    with pytest.raises(LeaseLostError):
        late.release(record)
    served.score()
    assert {row.job_id for row in served.catalogue.results()} == {record.id}


def _numbers_that_do_not_follow(document: dict[str, Any]) -> None:
    document["results"][0]["value"] = 0.99


def _another_file(document: dict[str, Any]) -> None:
    document["predictions"][0]["array_hash"] = "a1:" + "0" * 64


def _zeros_that_came_back(document: dict[str, Any]) -> None:
    document["predictions"][0] |= {"sparsity_before": 0.9, "sparsity_after": 0.1}


def _other_data(document: dict[str, Any]) -> None:
    document["provenance"] = {**document["provenance"], "data_sha256": {"digits": "0" * 64}}


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (_numbers_that_do_not_follow, "the worker found 0.99"),
        pytest.param(_another_file, "is not what the document says", marks=pytest.mark.slow),
        pytest.param(_zeros_that_came_back, "came back to life", marks=pytest.mark.slow),
        pytest.param(_other_data, "other data", marks=pytest.mark.slow),
    ],
)
def test_a_delivery_that_contradicts_itself_is_evaluated_again(
    served: Served, monkeypatch: pytest.MonkeyPatch, lie: Callable[[dict[str, Any]], None], told: str
) -> None:
    (job_id,) = served.catalogue.enqueue([UPSTREAM], served.catalogue.checkpoints[:1])
    document = ServerQueue._document

    def forged(self: ServerQueue, outcome: Any) -> dict[str, Any]:
        made = document(self, outcome)
        lie(made)
        return made

    monkeypatch.setattr(ServerQueue, "_document", forged)
    served.work()
    served.score()
    (job,) = served.catalogue.jobs([job_id])
    assert (job.state, job.delivered, job.failure_kind) == ("queued", False, "transient")
    assert told in (job.failure_message or "")
    assert served.catalogue.results() == []


def test_nobody_measures_what_its_operator_submitted(served: Served) -> None:
    catalogue = served.catalogue
    with session_scope(catalogue.engine, write=True) as session:
        record, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision="1", suite="digits-demo@1", actor="ada", account_id=1
        )
        assert submissions.claim_check(session, "checker") is not None
        cell = (*UPSTREAM, 0)
        submissions.accept(session, record.public_id, 1, "checker", catalogue.checkpoints[0], [cell])
        stranger = worker_token(session, "bobs-box")
    assert served.queue().claim() is None
    offered = replace(served, token=stranger).queue().claim()
    assert offered is not None
    assert offered.task == UPSTREAM[0]


@pytest.mark.slow
def test_what_its_operator_submits_meanwhile_goes_to_others(served: Served) -> None:
    catalogue = served.catalogue
    (job_id,) = catalogue.enqueue([UPSTREAM], catalogue.checkpoints[:1])
    queue = served.queue()
    record = queue.claim()
    assert record is not None
    with session_scope(catalogue.engine, write=True) as session:
        mine, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision="1", suite="digits-demo@1", actor="ada", account_id=1
        )
        assert submissions.claim_check(session, "checker") is not None
        submissions.accept(session, mine.public_id, 1, "checker", catalogue.checkpoints[0], [(*UPSTREAM, 0)])
    with pytest.raises(LeaseLostError, match="others measure it"):
        queue.run(record)
    assert catalogue.jobs([job_id])[0].state == "queued"
    assert queue.claim() is None


def test_who_may_not_work_is_told_why(served: Served) -> None:
    with session_scope(served.catalogue.engine, write=True) as session:
        submitter = issue_token(session, "ada", "laptop", ["submit"])
    assert served.post("claim", {"worker": "w"}, token=submitter).status_code == 403
    assert served.post("claim", {"worker": "w"}, token="prn_wrong").status_code == 401
    assert httpx.post(f"{served.address}/api/v1/work/claim", json={"worker": "w"}).status_code == 401
    with pytest.raises(AccessError):
        replace(served, token="prn_wrong").queue().claim()
    with pytest.raises(ServerAddressError, match="No token is sent"):
        ServerQueue(ServerAddress.parse("http://example.org"), "prn_x", served.catalogue.settings)


NONSENSE: list[tuple[str, dict[str, Any]]] = [
    ("claim", {}),
    ("claim", {"worker": "a b"}),
    ("claim", {"worker": "w", "lease_seconds": 1e9}),
    ("jobs/1/1/fail", {"worker": "w", "kind": "boredom", "message": ""}),
    ("jobs/0/1/heartbeat", {"worker": "w"}),
    ("jobs/1/1/missing", {"worker": "w", "sha256": ["../../etc/passwd"]}),
    ("jobs/1/1/deliver", {"worker": "w", "predictions": [], "results": [], "provenance": {}}),
]


def test_a_request_that_makes_no_sense_is_refused(served: Served) -> None:
    for path, body in NONSENSE:
        answer = served.post(path, body)
        assert (path, answer.status_code) == (path, 400)
        assert answer.json()["error"]["message"]
    assert served.post("claim", {"worker": "w" * 70_000}).status_code == 413


@pytest.mark.slow
def test_another_token_cannot_speak_for_a_worker(served: Served) -> None:
    served.catalogue.enqueue([UPSTREAM], served.catalogue.checkpoints[:1])
    first = served.post("claim", {"worker": "same-name"}).json()["offer"]["job"]
    with session_scope(served.catalogue.engine, write=True) as session:
        other = worker_token(session, "bobs-box")
    call = f"jobs/{first['id']}/{first['attempt']}/release"
    assert served.post(call, {"worker": "same-name"}, token=other).status_code == 410
    assert served.post(call, {"worker": "same-name"}).status_code == 200
    assert served.post(call, {"worker": "same-name"}).status_code == 200


@pytest.mark.slow
def test_a_file_that_was_cut_off_is_not_kept(served: Served) -> None:
    served.catalogue.enqueue([UPSTREAM], served.catalogue.checkpoints[:1])
    job = served.post("claim", {"worker": "w"}).json()["offer"]["job"]
    address = f"{served.address}/api/v1/work/jobs/{job['id']}/{job['attempt']}/files/{'0' * 64}"
    headers = {"Authorization": f"Bearer {served.token}"}
    answer = httpx.put(address, params={"worker": "w"}, content=b"half a file", headers=headers)
    assert (answer.status_code, "cut off" in answer.json()["error"]["message"]) == (404, True)
    assert httpx.put(address, params={"worker": "x"}, content=b"", headers=headers).status_code == 410


@pytest.mark.slow
def test_a_failed_evaluation_frees_its_token_to_go_on(served: Served) -> None:
    with session_scope(served.catalogue.engine, write=True) as session:
        jobs.enqueue_all(session, [Evaluation(served.catalogue.checkpoints[0], *IMPOSSIBLE, seed) for seed in range(2)])
    events = served.work()
    assert [(event.state, event.kind) for event in events] == [("failed", "bad_model")] * 2
