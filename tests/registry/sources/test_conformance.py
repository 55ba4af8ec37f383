"""One catalogue, asked in each of the ways: the answers are the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from queue_rows import MODEL, fill
from site_server import running_site
from sqlalchemy import Engine

from leaderboard.settings import SiteSettings
from registry import queries
from registry.accounts import create_account, issue_token
from registry.db.session import make_engine, session_scope
from registry.errors import (
    NotPullableError,
    ReadOnlySourceError,
    TransitionError,
    UnknownRecordError,
)
from registry.records import ModelPage, RevisionRecord
from registry.resolve import resolve
from registry.server_address import ServerAddress
from registry.sources import Entry, LocalSource, RemoteSource, SnapshotSource, Source, SubmissionRequest
from zoo.core.errors import PrunariumError, UsageError

COMMIT = "abcdef1" + "0" * 33
HUB = "http://127.0.0.1:9"
QUERIES = [
    "",
    "rigl resnet50",
    "no-such-word",
    "method=rigl,gmp sparsity>=0.9",
    "architecture=resnet50 sort=-sparsity",
    "licence=apache-2.0",
    "availability=import",
    "method=rigll,gmp,gmpp architecture=resnet500 -owner=nobody",
    "imagenet.top1>=0.75 sort=-imagenet.top1",
]
WRONG_QUERIES = ["sparsty>0.9", "sparsity>=lots", "imagenet.topp>0.5", "sort="]


def plain(value: Any) -> Any:
    """Without what depends on the database that answers: row numbers, and when a row was written."""
    if isinstance(value, ModelPage):
        return replace(value, rows=tuple(replace(row, model=plain(row.model)) for row in value.rows))
    if isinstance(value, Entry):
        held = tuple(replace(row, id=None, checkpoint_id=None) for row in value.revisions)
        checkpoint = value.checkpoint and replace(value.checkpoint, id=None, model_id=None)
        return Entry(plain(value.model), checkpoint, held)
    return replace(value, id=None, created_us=0)


@pytest.fixture(scope="module")
def published(reported_catalogue: Engine) -> Iterator[dict[str, Source]]:
    """The published rows, three times."""
    with running_site(reported_catalogue) as address:
        yield {
            "local": LocalSource(reported_catalogue),
            "server": RemoteSource(ServerAddress.parse(address)),
            "snapshot": SnapshotSource(),
        }


OTHERS = pytest.mark.parametrize("other", ["server", "snapshot"])


@OTHERS
@pytest.mark.parametrize("query", QUERIES)
def test_the_same_query_gives_the_same_models(published: dict[str, Source], other: str, query: str) -> None:
    expected = published["local"].models(query, limit=10**6)
    assert len(expected.rows) == expected.total
    assert plain(published[other].models(query, limit=10**6)) == plain(expected)
    assert plain(published[other].models(query, limit=3, offset=2)).rows == plain(expected).rows[2:5]


@pytest.mark.parametrize("name", ["local", "server", "snapshot"])
def test_these_queries_tell_models_apart(published: dict[str, Source], name: str) -> None:
    assert len({published[name].models(query, limit=1).total for query in QUERIES}) == len(QUERIES) - 1  # two find none


@OTHERS
@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_a_wrong_query_is_the_same_error(published: dict[str, Source], other: str, query: str) -> None:
    with pytest.raises(UsageError) as local:
        published["local"].models(query)
    with pytest.raises(UsageError) as theirs:
        published[other].models(query)
    assert " ".join(str(theirs.value).split()) == " ".join(str(local.value).split())
    assert (theirs.value.exit_code, theirs.value.hint is None) == (2, local.value.hint is None)


@OTHERS
def test_every_model_is_the_same_and_explains_itself(published: dict[str, Source], other: str) -> None:
    names = [row.name for row in published["local"].models(limit=10**6).rows]
    for name in names[::97]:
        assert plain(published[other].entry(name)) == plain(published["local"].entry(name))
        with pytest.raises(NotPullableError) as local:
            resolve(name, source=published["local"], endpoint=None, token=None)
        with pytest.raises(NotPullableError) as theirs:
            resolve(name, source=published[other], endpoint=None, token=None)
        assert str(theirs.value) == str(local.value)


@OTHERS
def test_an_unknown_name_is_the_same_error(published: dict[str, Source], other: str) -> None:
    with pytest.raises(UnknownRecordError, match="rigl/resnet50/0.91") as local:
        published["local"].entry("rigl/resnet50/0.91")
    with pytest.raises(UnknownRecordError) as theirs:
        published[other].entry("rigl/resnet50/0.91")
    assert (str(theirs.value), theirs.value.exit_code) == (str(local.value), 2)
    assert "Did you mean" in str(theirs.value)


@pytest.mark.parametrize("name", ["local", "server", "snapshot"])
def test_what_nobody_published_is_not_known(published: dict[str, Source], name: str) -> None:
    assert published[name].holding("org/name", COMMIT) is None
    assert "published rows" in published[name].description or name != "snapshot"


@pytest.mark.parametrize(
    "ask",
    [
        lambda source: source.submit(SubmissionRequest(model="org/net")),
        lambda source: source.submissions(),
        lambda source: source.status("abc"),
        lambda source: source.withdraw("abc"),
    ],
)
def test_the_snapshot_says_where_to_submit(published: dict[str, Source], ask: Any) -> None:
    with pytest.raises(ReadOnlySourceError, match="published rows that came with this package") as caught:
        ask(published["snapshot"])
    assert "prunarium login URL" in (caught.value.hint or "")


@pytest.fixture
def engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A catalogue with a suite and one published model of two files, and an account with a token."""
    path = tmp_path / "served.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        queries.upsert_model(session, replace(MODEL, hub_id="org/net", availability="hub"))
        for name, digest in (("model.safetensors", "a" * 64), ("model.sparse.safetensors", "b" * 64)):
            queries.register_revision(
                session,
                checkpoint,
                RevisionRecord(
                    hub_endpoint=HUB, hub_repo="org/net", commit_oid=COMMIT, file_name=name, file_sha256=digest,
                    size_bytes=5,
                ),
            )  # fmt: skip
        create_account(session, "ada")
    yield engine
    engine.dispose()


@pytest.fixture
def token(engine: Engine) -> str:
    with session_scope(engine, write=True) as session:
        return issue_token(session, "ada", "laptop", ["submit"])


@pytest.fixture(params=["local", "server"])
def own(request: pytest.FixtureRequest, engine: Engine, token: str) -> Iterator[Source]:
    """A catalogue that takes submissions, from inside and from outside."""
    if request.param == "local":
        yield LocalSource(engine)
        return
    with running_site(engine, SiteSettings(hub_endpoint=HUB)) as address:
        yield RemoteSource(ServerAddress.parse(address), lambda: token)


def test_a_name_is_pinned_with_every_file_of_its_commit(own: Source, engine: Engine) -> None:
    pin = resolve("gmp/net/0.90", source=own, endpoint=HUB, token="hub-secret")
    assert (pin.endpoint, pin.repo_id, pin.commit, pin.token) == (HUB, "org/net", COMMIT, "hub-secret")
    assert pin.files == {"model.safetensors": "a" * 64, "model.sparse.safetensors": "b" * 64}
    assert pin.checkpoint is not None
    assert pin.checkpoint.densified_hash == "d1:" + "0" * 64
    assert plain(own.entry("org/net")) == plain(LocalSource(engine).entry("gmp/net/0.90"))
    by_commit = resolve(f"org/net@{COMMIT}", source=own, endpoint=HUB, token=None)
    assert (by_commit.files, by_commit.checkpoint) == (pin.files, own.holding("org/net", COMMIT).checkpoint)  # type: ignore[union-attr]


def test_submit_watch_and_withdraw(own: Source) -> None:
    done = own.submit(SubmissionRequest(model="gmp/net/0.90"))
    assert done.created
    assert (done.submission.hub_endpoint, done.submission.hub_repo) == (HUB, "org/net")
    assert (done.submission.revision, done.submission.suite) == (COMMIT, "demo@1")
    assert (done.submission.state, done.submission.visibility) == ("received", "private")
    again = own.submit(SubmissionRequest(model="org/net@abcdef1", suite="demo"))
    assert (again.created, again.submission) == (False, done.submission)

    assert own.submissions().submissions == (done.submission,)
    status = own.status(done.submission.public_id)
    assert (status.submission, status.jobs, status.jobs_ahead) == (done.submission, (), 0)
    assert [step.new_state for step in status.transitions] == ["received"]

    gone = own.withdraw(done.submission.public_id, "a mistake")
    assert (gone.state, gone.detail) == ("withdrawn", "a mistake")
    with pytest.raises(TransitionError, match="is withdrawn"):
        own.withdraw(done.submission.public_id)
    assert own.submit(SubmissionRequest(model="gmp/net/0.90")).created, "an ended one is no longer in the way"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (SubmissionRequest(model="org/net", suite="dem"), "no suite 'dem'"),
        (SubmissionRequest(model="gmp/net/0.95"), "not on a hub"),
        (SubmissionRequest(model="just-a-name"), "names no model"),
        (SubmissionRequest(model="org/net@a b"), "no revision"),
        (SubmissionRequest(model="org/net@../x"), "no revision"),
    ],
)
def test_what_cannot_be_submitted_is_the_same_error(own: Source, request_: SubmissionRequest, message: str) -> None:
    with pytest.raises(PrunariumError, match=message) as caught:
        own.submit(request_)
    assert caught.value.exit_code == 2
    assert own.submissions().submissions == ()


def test_an_unknown_submission_is_an_error(own: Source) -> None:
    for ask in (own.status, own.withdraw):
        with pytest.raises(UnknownRecordError, match="no submission 'abc'"):
            ask("abc")
