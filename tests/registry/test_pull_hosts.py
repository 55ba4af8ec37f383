"""Whom a pull asks, what it shows to whom, and what a hub that lies can do: nothing but be refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from huggingface_hub import constants
from meddling_hub import MeddlingHub, Reply, meddling_hub
from shops import Shop
from sqlalchemy import Engine

from registry import fetch
from registry.errors import CorruptDownloadError, HubAccessError, HubError, HubUnavailableError, NotOnHubError
from registry.hub_client import digests_of
from registry.hub_server.embedded import EmbeddedHub
from zoo.checkpoint.folder import CARD, CONFIG, WEIGHTS

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def liar(shop: Shop) -> Iterator[MeddlingHub]:
    """A hub that is honest until a test corrupts it."""
    with meddling_hub(shop.hub.endpoint) as hub:
        yield hub


def anonymous(shop: Shop, liar: MeddlingHub, catalogue: Engine, **options: Any) -> Any:
    """Pull from the liar without knowing anything of the model."""
    return shop.pull(shop.address(liar.endpoint), engine=catalogue, **options)


def change_listing(change: Any) -> Any:
    """Let the hub say something else about the files of a commit."""

    def meddle(reply: Reply) -> Reply:
        if "/api/models/" not in reply.path or reply.status != 200:
            return reply
        document = json.loads(reply.body)
        for file in document["siblings"]:
            change(file)
        return reply.with_body(json.dumps(document).encode())

    return meddle


def change_weights(body: bytes) -> Any:
    """Let the hub serve other bytes as the weights."""

    def meddle(reply: Reply) -> Reply:
        return replace(reply, status=200).with_body(body) if reply.is_weights else reply

    return meddle


def test_a_wrong_file_of_the_right_size_never_reaches_the_cache(shop: Shop, liar: MeddlingHub) -> None:
    right = shop.source.weights.read_bytes()
    liar.meddle = change_weights(right[:-1] + b"\0")
    with pytest.raises(CorruptDownloadError, match=rf"{WEIGHTS} of .* was damaged twice"):
        shop.pull(shop.address(liar.endpoint))
    assert liar.weights_bytes() == 2 * len(right)
    assert not list(shop.cached.glob("snapshots/*/*.safetensors"))
    assert shop.leftovers() == []
    assert shop.pull().verified_by == "catalogue"


def test_a_wrong_file_under_its_own_digest_is_not_what_the_catalogue_promises(shop: Shop, liar: MeddlingHub) -> None:
    """The hub lies in its listing, too: the bytes fit the digest, and both are another model's."""

    def other(file: dict[str, Any]) -> None:
        if file["rfilename"] == WEIGHTS:
            file["lfs"]["sha256"] = file["lfs"]["oid"] = "0" * 64

    liar.meddle = change_listing(other)
    with pytest.raises(CorruptDownloadError, match=f"another {WEIGHTS} for .* than the catalogue promises"):
        shop.pull(shop.address(liar.endpoint))
    assert liar.weights_bytes() == 0, "nothing of it was fetched"


def test_a_wrong_file_under_the_digest_of_a_git_blob_never_reaches_the_cache(shop: Shop, liar: MeddlingHub) -> None:
    """Outside LFS a hub names SHA-1 alone; the catalogue's SHA-256 is compared all the same."""
    right = shop.source.weights.read_bytes()
    wrong = right[:-1] + b"\0"

    def other(file: dict[str, Any]) -> None:
        if file["rfilename"] == WEIGHTS:
            del file["lfs"]
            file["blobId"] = digests_of(wrong).git_sha1

    listing, weights = change_listing(other), change_weights(wrong)
    liar.meddle = lambda reply: weights(listing(reply))
    with pytest.raises(CorruptDownloadError, match=rf"{WEIGHTS} of .* was damaged twice"):
        shop.pull(shop.address(liar.endpoint))
    assert not list(shop.cached.glob("snapshots/*/*.safetensors"))


def test_another_hub_cannot_put_its_bytes_under_a_commit_of_this_one(
    shop: Shop, liar: MeddlingHub, empty_catalogue: Engine
) -> None:
    """The client's cache knows repositories by name alone; what one hub said is not believed of another."""
    card = b"# Send your wallet to"

    def other(file: dict[str, Any]) -> None:
        if file["rfilename"] == CARD:
            file.update(blobId=digests_of(card).git_sha1, size=len(card))

    listing = change_listing(other)
    liar.meddle = lambda reply: (
        reply.with_body(card) if reply.path.endswith(CARD) and "/resolve/" in reply.path else listing(reply)
    )
    fooled = anonymous(shop, liar, empty_catalogue)
    assert (fooled.path / CARD).read_bytes() == card
    got = shop.pull(f"{shop.published.repo_id}@{shop.published.commit}", engine=empty_catalogue)
    assert got.path == fooled.path
    assert (got.path / CARD).read_text().startswith("---")


@pytest.mark.parametrize("digest", ["../../../../evil", "", "0" * 63, "G" * 64])
def test_a_digest_that_is_none_names_no_file(
    digest: str, shop: Shop, liar: MeddlingHub, empty_catalogue: Engine, tmp_path: Path
) -> None:
    def other(file: dict[str, Any]) -> None:
        if file["rfilename"] == WEIGHTS:
            file["lfs"]["sha256"] = file["lfs"]["oid"] = digest

    liar.meddle = change_listing(other)
    with pytest.raises(NotOnHubError, match=f"has no {WEIGHTS}"):
        anonymous(shop, liar, empty_catalogue)
    assert not list(tmp_path.rglob("*evil*"))
    assert liar.weights_bytes() == 0


@pytest.mark.parametrize(("name", "limit"), [(WEIGHTS, "MAX_FILE_BYTES"), (CONFIG, "_MAX_TEXT_BYTES")])
def test_what_is_too_large_is_refused_before_it_is_fetched(
    name: str, limit: str, shop: Shop, liar: MeddlingHub, empty_catalogue: Engine
) -> None:
    too_large = getattr(fetch, limit) + 1

    def larger(file: dict[str, Any]) -> None:
        if file["rfilename"] == name:
            file["size"] = too_large

    liar.meddle = change_listing(larger)
    with pytest.raises(HubError, match=rf"{name} of .* has {too_large:,} bytes; at most {too_large - 1:,} are fetched"):
        anonymous(shop, liar, empty_catalogue)
    assert not [reply for reply, _ in liar.sent if reply.path.endswith(f"/{name}")]


def test_a_file_without_end_is_read_to_its_announced_size(shop: Shop, liar: MeddlingHub) -> None:
    right = shop.source.weights.read_bytes()
    liar.meddle = change_weights(right + bytes(20 * 2**20))
    got = shop.pull(shop.address(liar.endpoint))
    assert (got.path / WEIGHTS).stat().st_size == len(right)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_hub_that_fails_in_the_middle(status: int, shop: Shop, liar: MeddlingHub) -> None:
    liar.meddle = lambda reply: replace(reply, status=status) if reply.is_weights else reply
    with pytest.raises(HubUnavailableError, match=rf"after 0 of .* bytes \(status {status}\)"):
        shop.pull(shop.address(liar.endpoint))
    liar.meddle = lambda reply: reply
    assert shop.pull(shop.address(liar.endpoint)).verified_by == "catalogue"


def test_a_redirect_without_end(shop: Shop, liar: MeddlingHub) -> None:
    liar.meddle = lambda reply: (
        replace(reply, status=302, headers={**reply.headers, "Location": reply.path}) if reply.is_weights else reply
    )
    with pytest.raises(HubUnavailableError, match="redirects"):
        shop.pull(shop.address(liar.endpoint))


@pytest.mark.parametrize("what", ["weights", "everything"])
def test_a_token_is_shown_to_its_own_hub_alone_wherever_that_sends_us(what: str, shop: Shop, liar: MeddlingHub) -> None:
    """As a hub does that keeps its files elsewhere: it answers with the address of another host."""
    with meddling_hub(shop.hub.endpoint) as elsewhere:
        headers = {"Content-Length": "0"}
        liar.meddle = lambda reply: (
            Reply(reply.path, 302, headers | {"Location": elsewhere.endpoint + reply.path}, b"")
            if reply.is_weights or what == "everything"
            else reply
        )
        got = shop.pull(f"{shop.published.repo_id}@main", endpoint=liar.endpoint, token=shop.hub.token)
    assert got.verified_by == "catalogue"
    assert set(liar.tokens) == {f"Bearer {shop.hub.token}"}
    assert elsewhere.weights_bytes() > 0
    assert set(elsewhere.tokens) == {None}


def test_the_token_of_the_hub_that_is_set_is_not_shown_to_the_one_that_an_address_names(
    shop: Shop, liar: MeddlingHub
) -> None:
    shop.pull(shop.address(liar.endpoint), endpoint=shop.hub.endpoint, token=shop.hub.token)
    assert liar.tokens
    assert set(liar.tokens) == {None}


@pytest.mark.usefixtures("own_shop")
def test_a_private_repository_needs_the_token_of_its_owner(shop: Shop, empty_catalogue: Engine) -> None:
    shop.owner.update_repo_settings(shop.published.repo_id, private=True)
    for catalogue in (shop.engine, empty_catalogue):
        with pytest.raises(NotOnHubError) as caught:
            shop.pull(shop.published.repo_id, engine=catalogue)
        assert caught.value.hint == "A private repository needs a token: set PRUNARIUM_HUB_TOKEN."
    with pytest.raises(HubAccessError, match="refuses"):
        shop.pull(token="hf_wrong")
    assert shop.pull(token=shop.hub.token).verified_by == "catalogue"


@pytest.mark.usefixtures("own_shop")
def test_a_gated_repository_is_its_owners_to_give(tmp_path: Path, shop: Shop) -> None:
    shop.owner.update_repo_settings(shop.published.repo_id, gated="manual")
    with EmbeddedHub(tmp_path / "another") as another:  # a token that is good, but of nobody whom the owner let in
        stranger = another.token_for("stranger")
    for token in (None, stranger):
        with pytest.raises(HubAccessError) as caught:
            shop.pull(token=token)
        assert caught.value.hint is not None
    with pytest.raises(HubAccessError, match="is gated: its owner decides who may have it"):
        shop.pull()
    assert not list(shop.cached.glob("snapshots/*/*"))
    assert shop.pull(token=shop.hub.token).verified_by == "catalogue"


@pytest.mark.usefixtures("own_shop")
def test_every_way_to_write_a_model(shop: Shop, hub: RunningHub) -> None:
    repo, commit = shop.published.repo_id, shop.published.commit
    shop.owner.create_tag(repo, tag="v1")
    for text in (
        shop.slug,
        f"{shop.slug}@{commit}",
        repo,
        f"{repo}@v1",
        f"{hub.endpoint}/{repo}",
        f"{hub.endpoint}/{repo}/tree/v1",
        f"{hub.endpoint}/{repo}/resolve/{commit}/{WEIGHTS}",
    ):
        got = shop.pull(text)
        assert (got.repo_id, got.commit, got.verified_by) == (repo, commit, "catalogue")


def test_without_a_connection_all_that_names_a_commit_can_be_had(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, empty_catalogue: Engine
) -> None:
    shop.pull()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    repo, commit = shop.published.repo_id, shop.published.commit
    for text in (shop.slug, repo, f"{repo}@{commit}", f"{shop.slug}@{commit}"):
        assert shop.pull(text).from_cache
    assert shop.pull(f"{repo}@{commit}", engine=empty_catalogue).verified_by == "passport"
    for catalogue, known in ((shop.engine, commit), (empty_catalogue, "40 hex digits")):
        with pytest.raises(HubUnavailableError) as caught:
            shop.pull(f"{repo}@main", engine=catalogue)
        assert known in str(caught.value.hint)
