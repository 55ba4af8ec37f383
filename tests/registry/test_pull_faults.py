"""Whatever happens on the way, a pull ends with the whole model or with one clear error, and the next one goes on."""

import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import harness
import pytest
from huggingface_hub import constants, hf_hub_download, scan_cache_dir
from meddling_hub import MeddlingHub, Reply
from shops import Shop, damage

from registry.errors import HubUnavailableError, NotOnHubError
from registry.hub_client import digests_of
from zoo.checkpoint.folder import CONFIG, WEIGHTS

pytestmark = pytest.mark.usefixtures("no_pauses")

CHILD = """
import sys
from pathlib import Path
from prunarium.cli import run
sys.exit(run(["pull", sys.argv[1], "--json"]))
"""


def environment(shop: Shop, between: MeddlingHub) -> dict[str, str]:
    """What a user sets who pulls by way of the hub between."""
    return {
        "PRUNARIUM_HUB": between.endpoint,
        "PRUNARIUM_DATABASE_URL": shop.engine.url.render_as_string(),
        "HF_HUB_CACHE": str(shop.cache),
    }


def once(between: MeddlingHub, act: Callable[[], object]) -> Callable[[Reply], Reply]:
    """Let the first answer pass, then do something on the hub before the client gets it."""

    def meddle(reply: Reply) -> Reply:
        between.meddle = lambda later: later
        act()
        return reply

    return meddle


def never(_reply: Reply, _length: int) -> None:
    """Every answer is sent to its end."""


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_what_was_pulled_is_laid_out_as_the_hubs_own_client_does(shop: Shop) -> None:
    got = shop.pull()
    stock = hf_hub_download(
        got.repo_id, WEIGHTS, revision=got.commit, cache_dir=shop.cache, endpoint=shop.hub.endpoint,
        local_files_only=True, token=False)  # fmt: skip
    assert Path(stock) == got.path / WEIGHTS
    found = scan_cache_dir(shop.cache)
    assert not found.warnings
    assert [repo.repo_id for repo in found.repos] == [got.repo_id]


def test_offline_mode_sends_nothing_even_where_a_file_is_gone(
    shop: Shop, between: MeddlingHub, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.pull(target)
    shop.blob(WEIGHTS).unlink()
    before = len(between.sent)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnavailableError):
        shop.pull(target)
    assert len(between.sent) == before


def test_what_the_hubs_own_client_fetched_is_not_fetched_again(shop: Shop, between: MeddlingHub, target: str) -> None:
    hf_hub_download(
        shop.published.repo_id, WEIGHTS, revision=shop.published.commit, cache_dir=shop.cache,
        endpoint=shop.hub.endpoint, token=False)  # fmt: skip
    shop.pull(target)
    assert between.weights_bytes() == 0


@pytest.mark.parametrize("xet", [True, False])
def test_a_transfer_that_is_cut_again_and_again_brings_every_byte_once(
    xet: bool, shop: Shop, between: MeddlingHub, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", not xet)
    size = shop.source.weights.stat().st_size
    step = size // 7
    between.cut = lambda reply, length: length - len(reply.body) + step if reply.is_weights else None
    assert shop.pull(target).verified_by == "catalogue"
    assert between.weights_bytes() == size
    assert len([reply for reply, _ in between.sent if reply.is_weights]) == 8


@pytest.mark.parametrize("place", [0.0, 0.001, 0.05, 0.5, 0.95, 0.999])
def test_wherever_every_answer_ends_early_nothing_half_written_is_seen(
    place: float, shop: Shop, between: MeddlingHub, target: str
) -> None:
    """The n-th byte of every answer is the last one: within the status line, the headers, a listing, a file."""
    between.cut = lambda _reply, length: min(int(place * length), length - 1)
    for _ in range(2):
        with pytest.raises(HubUnavailableError, match=between.endpoint):
            shop.pull(target)
        assert not list(shop.cache.glob("models--*/snapshots/*/*"))
        assert not [path for path in shop.cache.glob("models--*/blobs/*") if not path.name.endswith(".incomplete")]
    between.cut = never
    assert shop.pull(target).verified_by == "catalogue"
    assert shop.leftovers() == []


def test_the_bytes_told_add_up_whatever_happens_to_them(shop: Shop, between: MeddlingHub, target: str) -> None:
    """Cut, sent again from the start, thrown away for being wrong: in the end the bar is full."""
    told: list[tuple[int, int]] = []
    whole = shop.source.weights.read_bytes()
    wrong = whole[:-1] + b"\0"

    def start_again_and_lie_at_first(reply: Reply) -> Reply:
        if not reply.is_weights:
            return reply
        lies = between.weights_bytes() < len(whole)
        return Reply(reply.path, 200, {"Content-Type": "x"}, b"").with_body(wrong if lies else whole)

    between.meddle = start_again_and_lie_at_first
    between.cut = lambda reply, length: length - 5 if reply.is_weights and between.weights_bytes() == 0 else None
    got = shop.pull(target, progress=lambda done, more: told.append((done, more)))
    size = sum(path.stat().st_size for path in got.path.iterdir())
    assert [sum(column) for column in zip(*told, strict=True)] == [size, size]
    told.clear()
    shop.pull(target, progress=lambda done, more: told.append((done, more)))
    assert [sum(column) for column in zip(*told, strict=True)] == [0, 0]
    damage(shop.blob(WEIGHTS))
    shop.pull(target, progress=lambda done, more: told.append((done, more)))
    assert [sum(column) for column in zip(*told, strict=True)] == [len(whole), len(whole)]


@pytest.mark.parametrize("left", [1, 60_000])
def test_the_next_pull_fetches_what_is_missing_and_no_more(
    left: int, shop: Shop, between: MeddlingHub, target: str
) -> None:
    size = shop.source.weights.stat().st_size

    def only_once(reply: Reply, length: int) -> int | None:
        if not reply.is_weights:
            return None
        return length - left if between.weights_bytes() == 0 else 0

    between.cut = only_once
    with pytest.raises(HubUnavailableError, match=f"after {size - left:,} of {size:,} bytes") as caught:
        shop.pull(target)
    assert "goes on from there" in str(caught.value.hint)
    assert len(shop.leftovers()) == 1
    before = between.weights_bytes()
    between.cut = never
    shop.pull(target)
    assert between.weights_bytes() - before == left
    assert shop.leftovers() == []


def test_a_hub_that_cannot_go_on_in_the_middle_sends_all_of_it_again(
    shop: Shop, between: MeddlingHub, target: str
) -> None:
    whole = shop.source.weights.read_bytes()

    def from_the_start(reply: Reply) -> Reply:
        if not reply.is_weights or reply.status != 206:
            return reply
        headers = {name: value for name, value in reply.headers.items() if name.lower() != "content-range"}
        return Reply(reply.path, 200, headers, reply.body).with_body(whole)

    between.meddle = from_the_start
    between.cut = lambda reply, length: length - 5 if reply.is_weights and between.weights_bytes() == 0 else None
    assert shop.pull(target).verified_by == "catalogue"
    assert between.weights_bytes() == 2 * len(whole) - 5


@pytest.mark.parametrize("surplus", [-100, 0, 100])
def test_what_is_left_of_another_transfer_and_is_wrong_is_thrown_away(surplus: int, shop: Shop, target: str) -> None:
    digests = digests_of(shop.source.weights)
    left = shop.cached / "blobs" / f"{digests.sha256}.prunarium.incomplete"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * (digests.size_bytes + surplus))
    assert shop.pull(target).verified_by == "catalogue"
    assert shop.leftovers() == []


def test_kill_minus_nine_while_it_is_fetched(shop: Shop, between: MeddlingHub, tmp_path: Path) -> None:
    size = shop.source.weights.stat().st_size
    released = threading.Event()

    def stall(reply: Reply, length: int) -> int | None:
        if not reply.is_weights:
            return None
        if between.weights_bytes() > 0:
            released.wait(60)  # the second attempt hangs
        return length - 1000

    between.cut = stall
    shop = replace(shop, cache=tmp_path / "hub")
    child = harness.start(["-c", CHILD, shop.address(between.endpoint)], environ=environment(shop, between))
    try:
        wait_until(lambda: [path.stat().st_size for path in shop.cached.glob("blobs/*.incomplete")] == [size - 1000])
    finally:
        harness.kill_group(child)
    assert child.returncode == -signal.SIGKILL
    assert not list(shop.cached.glob("snapshots/*/*.safetensors"))
    between.cut = never
    released.set()
    before = between.weights_bytes()
    outcome = harness.run(["-c", CHILD, shop.address(between.endpoint)], environ=environment(shop, between))
    assert outcome.returncode == 0, outcome.stderr
    (row,) = json.loads(outcome.stdout)
    assert (row["densified_hash"], row["from_cache"]) == (shop.published.densified_hash, False)
    assert shop.leftovers() == []
    assert between.weights_bytes() - before <= size  # the attempt that hung is counted by the hub, too
    assert (Path(row["path"]) / WEIGHTS).read_bytes() == shop.source.weights.read_bytes()


def test_two_processes_at_once_fetch_one_model_once(shop: Shop, between: MeddlingHub) -> None:
    size = shop.source.weights.stat().st_size
    both = threading.Barrier(2)

    def together(reply: Reply) -> Reply:
        if "/api/models/" in reply.path:
            both.wait(60)  # both have asked before either begins
        return reply

    between.meddle = together
    command, environ = ["-c", CHILD, shop.address(between.endpoint)], environment(shop, between)
    children = [harness.start(command, environ=environ) for _ in range(2)]
    try:
        ended = [child.communicate(timeout=120) for child in children]
    finally:
        for child in children:
            harness.kill_group(child)
    assert [child.returncode for child in children] == [0, 0], ended
    rows = [json.loads(out)[0] for out, _ in ended]
    assert rows[0] | {"from_cache": None} == rows[1] | {"from_cache": None}
    assert rows[0]["densified_hash"] == shop.published.densified_hash
    assert between.weights_bytes() == size, "the second one waited for the first"
    assert shop.leftovers() == []


@pytest.mark.usefixtures("own_shop")
def test_a_new_commit_between_asking_and_fetching_changes_nothing(shop: Shop, between: MeddlingHub) -> None:
    def commit() -> None:
        shop.owner.upload_file(path_or_fileobj=b"{}", path_in_repo=CONFIG, repo_id=shop.published.repo_id)

    between.meddle = once(between, commit)
    got = shop.pull(f"{between.endpoint}/{shop.published.repo_id}@main")
    assert shop.owner.repo_info(shop.published.repo_id).sha != got.commit
    assert (got.commit, got.verified_by) == (shop.published.commit, "catalogue")
    assert (got.path / CONFIG).read_bytes() == (shop.source.path / CONFIG).read_bytes()


@pytest.mark.usefixtures("own_shop")
def test_a_history_that_is_rewritten_between_asking_and_fetching_changes_nothing(
    shop: Shop, between: MeddlingHub, target: str
) -> None:
    between.meddle = once(between, lambda: shop.owner.super_squash_history(shop.published.repo_id))
    got = shop.pull(target)
    assert shop.owner.repo_info(shop.published.repo_id).sha != got.commit == shop.published.commit


@pytest.mark.usefixtures("own_shop")
def test_a_repository_that_vanishes_between_asking_and_fetching(shop: Shop, between: MeddlingHub, target: str) -> None:
    between.meddle = once(between, lambda: shop.owner.delete_repo(shop.published.repo_id))
    with pytest.raises(NotOnHubError, match=f"no such repository, revision or file: {shop.published.repo_id}"):
        shop.pull(target)
    assert not list(shop.cache.glob("models--*/snapshots/*/*"))
    assert [path.stat().st_size for path in shop.cached.glob("blobs/*")] in ([], [0])
