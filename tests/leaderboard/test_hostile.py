"""Names come from strangers: whatever they hold is text, never markup, a link of another scheme or a header."""

import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from leaderboard.availability import access
from registry import queries
from registry.db.session import make_engine, session_scope
from registry.records import MethodRecord, ModelRecord, ResultRecord, TaskRecord

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</svg></title>{{7*7}}"
ONE_OF_EACH = "".join(
    chr(code) for code in range(32, sys.maxunicode, 997) if unicodedata.category(chr(code)) not in ("Cs", "Cc")
)


@pytest.fixture(scope="module")
def evil_client(catalogue_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    file = tmp_path_factory.mktemp("evil") / "evil.sqlite"
    shutil.copy(catalogue_files["reported"], file)
    engine = make_engine(f"sqlite:///{file}")
    _write(engine)
    with TestClient(create_app(engine)) as client:
        yield client
    engine.dispose()


def _write(engine: Engine) -> None:
    with session_scope(engine, write=True) as session:
        queries.upsert_method(session, MethodRecord(name="evil", title=EVIL, family=EVIL, paper="javascript:alert(3)"))
        queries.upsert_task(
            session,
            TaskRecord(
                name="evil", version="1", kind="transfer", title=EVIL, primary_metric="top1@1", citation=EVIL,
                licence=EVIL, source="javascript:alert(4)",
            ),
        )  # fmt: skip
        for slug in ("evil/resnet50/0.90", "unicode/resnet50/0.90"):
            words = EVIL if slug.startswith("evil") else ONE_OF_EACH
            queries.upsert_model(
                session,
                ModelRecord(
                    slug=slug, title=words, owner=words, method="evil", architecture="resnet50", sparsity_target=0.9,
                    parent="dense/resnet50/0.00", availability="import", availability_detail="javascript:alert(5)",
                    caveat=words, licence=words, source_url="javascript:alert(6)", source_licence=words,
                    source_sha256=words, recipe=words,
                ),
            )  # fmt: skip
            board_results = queries.results(session, model="ac-dc/resnet50/0.90", suite="transfer-12@ist2022")
            copied = [
                ResultRecord(
                    model=slug, task=one.task, protocol=one.protocol, metric=one.metric, value=one.value, std=one.std,
                    runs=one.runs, ci_low=one.ci_low, ci_high=one.ci_high, interval_method=EVIL, trust="reported",
                    source=EVIL,
                )
                for one in board_results
            ]  # fmt: skip
            evil_task = ResultRecord(
                model=slug, task="evil@1", protocol="linear@ist2022", metric="top1@1", value=None, missing_reason=EVIL,
                trust="reported", source=EVIL,
            )  # fmt: skip
            queries.add_reported_results(session, [*copied, evil_task])


@pytest.mark.parametrize(
    "path",
    [
        "/", "/?sparsity=all", "/models?q=architecture%3Dresnet50+family%21%3Dx", "/methods", "/methods/evil",
        "/tasks", "/tasks/evil@1", "/models/evil/resnet50/0.90", "/models/unicode/resnet50/0.90", "/about",
        "/choose?use=frozen", "/explore",
    ],
)  # fmt: skip
def test_hostile_names_are_shown_and_never_run(evil_client: TestClient, path: str) -> None:
    answer = evil_client.get(path)
    assert answer.status_code == 200
    text = answer.text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert 'href="javascript:' not in text
    assert text.count("</title>") == text.count("<title>")
    assert text.count("</svg>") == text.count("<svg")
    if path == "/explore":
        assert "\\u003cscript>" in text
    elif path not in ("/about", "/tasks", "/models/unicode/resnet50/0.90"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "49" not in text.partition("onerror")[2][:40]


def test_a_hostile_address_is_echoed_as_text(evil_client: TestClient) -> None:
    for path in (f"/models/{EVIL}", f"/?suite={EVIL}", f"/?{EVIL}=1", f"/?architecture={EVIL}", f"/?sort={EVIL}"):
        text = evil_client.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text


def test_a_hostile_architecture_cannot_write_headers(evil_client: TestClient) -> None:
    answer = evil_client.get('/api/v1/board.csv?architecture=a"%0d%0aSet-Cookie:%20x=y')
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"] == 'attachment; filename="board-a-Set-Cookie-x-y-.csv"'


def test_only_web_addresses_become_links() -> None:
    def model(address: str) -> ModelRecord:
        return ModelRecord(
            slug="a/b/0.90", title="", owner="", method="", architecture="", sparsity_target=0.9,
            availability="import", source_url=address,
        )  # fmt: skip

    assert access(model("javascript:alert(1)"), has_revision=False).link is None
    assert access(model("https://example.org/x"), has_revision=False).link == "https://example.org/x"
