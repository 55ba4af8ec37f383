"""What a submitter's words stand for."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from queue_rows import MODEL, fill
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.db.session import session_scope
from registry.errors import UnknownRecordError
from registry.records import RevisionRecord, SuiteRecord
from registry.targets import Place, choose_suite, resolve_target
from zoo.core.errors import UsageError

OLD, NEW = "aaaaaaa" + "0" * 33, "bbbbbbb" + "0" * 33
HUB = "http://hub.example"


@pytest.fixture
def session(sqlite_catalogue: Engine) -> Iterator[Session]:
    """A catalogue whose model has two commits on one hub, and the newer one on a mirror, too."""
    with session_scope(sqlite_catalogue, write=True) as session:
        checkpoint = fill(session)
        queries.upsert_model(session, replace(MODEL, hub_id="org/net"))
        row = RevisionRecord(
            hub_endpoint=HUB, hub_repo="org/net", commit_oid=OLD, file_name="model.safetensors", file_sha256="b" * 64,
            size_bytes=1,
        )  # fmt: skip
        for held in (row, replace(row, commit_oid=NEW), replace(row, commit_oid=NEW, hub_endpoint="http://mirror")):
            queries.register_revision(session, checkpoint, held)
        yield session


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("gmp/net/0.90", Place("http://mirror", "org/net", NEW)),
        # A repository is what is in it now, on the hub where it was recorded.
        ("org/net", Place("http://mirror", "org/net", "main")),
        (f"{HUB}/org/net", Place(HUB, "org/net", "main")),
        ("org/net@aaaaaaa", Place(HUB, "org/net", OLD)),
        (f"gmp/net/0.90@{OLD}", Place(HUB, "org/net", OLD)),
        # Fewer digits than git shows, and names that are no commits, are asked of the hub.
        ("org/net@aaaaaa", Place("http://set", "org/net", "aaaaaa")),
        ("org/net@main", Place("http://set", "org/net", "main")),
        ("gmp/net/0.90@v1.0", Place("http://set", "org/net", "v1.0")),
        ("any/body@refs/pr/1", Place("http://set", "any/body", "refs/pr/1")),
        ("any/body", Place("http://set", "any/body", "main")),
        ("https://huggingface.co/any/body", Place("https://huggingface.co", "any/body", "main")),
    ],
)
def test_places(session: Session, text: str, place: Place) -> None:
    assert resolve_target(session, text, "http://set") == place


def test_without_a_hub_a_stranger_is_on_hugging_face(session: Session) -> None:
    assert resolve_target(session, "any/body", None).hub_endpoint == "https://huggingface.co"


def test_only_allowed_hubs_are_asked_and_a_mirror_is_no_reason_to_refuse(session: Session) -> None:
    assert resolve_target(session, "gmp/net/0.90", None, allowed={HUB}) == Place(HUB, "org/net", NEW)
    assert resolve_target(session, "org/net", None, allowed={HUB}) == Place(HUB, "org/net", "main")
    for text in ("any/body", "http://mirror/org/net", f"http://mirror/org/net@{NEW}"):
        with pytest.raises(UsageError, match="takes no models from") as caught:
            resolve_target(session, text, None, allowed={HUB})
        assert HUB in (caught.value.hint or "")


def test_a_repository_of_the_same_name_elsewhere_is_not_taken_for_the_recorded_one(session: Session) -> None:
    for text in ("gmp/net/0.90", "org/net", f"org/net@{OLD}"):
        with pytest.raises(UsageError, match="takes no models from http://"):
            resolve_target(session, text, None, allowed={"https://huggingface.co"})
    named = resolve_target(session, "https://huggingface.co/org/net", None, allowed={"https://huggingface.co"})
    assert named == Place("https://huggingface.co", "org/net", "main")


@pytest.mark.parametrize("text", ["", "name", "gmp/net/0.9", "a/b/c/d", "org/na me"])
def test_what_names_no_model(session: Session, text: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        resolve_target(session, text, None)


@pytest.mark.parametrize("revision", ["a..b", "a b", "a\x1bb", "a:b", "~1", "^", "x" * 201, "a\\b", "a\x7f"])
def test_what_names_no_revision(session: Session, revision: str) -> None:
    with pytest.raises(UsageError, match="is no revision"):
        resolve_target(session, f"org/net@{revision}", None)


@pytest.mark.parametrize("slug", ["gmp/net/0.95", "dense/net/0.00"])
def test_a_slug_that_is_on_no_hub(session: Session, slug: str) -> None:
    with pytest.raises(UnknownRecordError, match="not on a hub") as caught:
        resolve_target(session, slug, None)
    assert caught.value.hint == "Publish it first: prunarium publish DIR"


def test_suites(session: Session) -> None:
    assert choose_suite(session, None) == choose_suite(session, "demo") == choose_suite(session, "demo@1") == "demo@1"
    queries.upsert_suite(session, SuiteRecord(name="demo", version="2", title="Demo", content={"cells": []}))
    assert choose_suite(session, None) == choose_suite(session, "demo") == "demo@2"
    assert choose_suite(session, "demo@1") == "demo@1"
    reported = SuiteRecord(name="paper", version="1", title="P", content={"cells": [], "kind": "reported"})
    queries.upsert_suite(session, reported)
    assert choose_suite(session, None) == "demo@2"
    for wanted in ("paper", "demo@3", ""):
        with pytest.raises(UnknownRecordError, match=f"no suite '{wanted}'") as caught:
            choose_suite(session, wanted)
        assert caught.value.hint == "Suites: demo@1, demo@2"
    queries.upsert_suite(session, SuiteRecord(name="other", version="1", title="O", content={"cells": []}))
    with pytest.raises(UnknownRecordError, match="Say which suite"):
        choose_suite(session, None)
