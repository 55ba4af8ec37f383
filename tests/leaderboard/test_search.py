"""One query, one answer: in the shell, in Python, in the API, as CSV and on the page."""

import csv
import io
import json
import re
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest
from site_catalogues import slug_of
from sqlalchemy import Engine
from starlette.testclient import TestClient

from prunarium.cli import run
from registry import queries
from registry.db.session import session_scope
from registry.records import ModelRecord
from registry.search import search

QUERIES = (
    "resnet8 sparsity>=0.9 sort=-digits-5-9.top1@linear",
    "digits-0-4.top1>80% -rigl sort=digits-0-4.nll,-name",
    "has:bytes sort=bytes",
    "imagenet.top1=0.75..0.77 method=ac-dc,str,rigl",
    "trust=measured -gmp name!=nobody",
    "licence!=mit",
    "nothing at all",
)


def shell(capsys: pytest.CaptureFixture[str], query: str) -> list[str]:
    capsys.readouterr()
    assert run(["search", query, "--limit", "1000", "--json"]) == 0
    return [row["name"] for row in json.loads(capsys.readouterr().out)]


def page(client: TestClient, query: str) -> list[str]:
    names: list[str] = []
    address: str | None = f"/models?{urlencode({'q': query})}"
    while address is not None:
        text = client.get(address).text
        names += re.findall(r'<span class="slug">(.+?)</span>', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        address = following[1].replace("&amp;", "&") if following else None
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_the_answer_is_the_same_everywhere(
    query: str,
    catalogue_files: dict[str, Path],
    engines: dict[str, Engine],
    clients: dict[str, TestClient],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", f"sqlite:///{catalogue_files['full']}")
    client = clients["full"]
    rows = search(query, engine=engines["full"], limit=1000)
    names = [row.name for row in rows]
    assert bool(names) == (query != "nothing at all")
    answer = client.get("/api/v1/models", params={"q": query, "limit": 1000}).json()
    assert (answer["total"], answer["next"]) == (len(names), None)
    assert [model["name"] for model in answer["models"]] == names
    assert [model["values"] for model in answer["models"]] == [dict(row.values) for row in rows]
    lines = csv.DictReader(io.StringIO(client.get("/api/v1/models.csv", params={"q": query}).text))
    assert [line["name"] for line in lines] == names
    assert shell(capsys, query) == names
    assert page(client, query) == names


def test_long_answers_come_in_pages(clients: dict[str, TestClient], engines: dict[str, Engine]) -> None:
    names = [row.name for row in search("imagenet.top1>0", engine=engines["full"], limit=1000)]
    assert len(names) > 100
    assert page(clients["full"], "imagenet.top1>0") == names
    first = clients["full"].get("/api/v1/models", params={"q": "imagenet.top1>0", "limit": 7}).json()
    second = clients["full"].get(first["next"]).json()
    assert [model["name"] for model in (*first["models"], *second["models"])] == names[:14]
    beyond = clients["full"].get("/api/v1/models", params={"q": "gmp", "offset": 10**9}).json()
    assert (beyond["models"], beyond["next"]) == ([], None)
    assert beyond["total"] > 0
    assert clients["full"].get("/api/v1/models", params={"offset": 10**19}).status_code == 400


def test_a_mistake_is_shown_in_the_page_with_what_to_write(clients: dict[str, TestClient]) -> None:
    answer = clients["full"].get("/models", params={"q": 'sparsty>0.9 "<b>"'})
    assert answer.status_code == 400
    assert "There is no field &#39;sparsty&#39;.\n  sparsty&gt;0.9 &#34;&lt;b&gt;&#34;\n  ^^^^^^^" in answer.text
    assert "Did you mean &#39;sparsity&#39;?" in answer.text
    assert 'value="sparsty&gt;0.9 &#34;&lt;b&gt;&#34;"' in answer.text, "the text is there to be mended"
    error = clients["full"].get("/api/v1/models", params={"q": "imagnet.top1>0"})
    assert error.status_code == 400
    assert error.json()["error"]["hint"] == "Did you mean 'imagenet'?"


def test_columns_are_what_was_asked_and_heads_sort(clients: dict[str, TestClient]) -> None:
    text = (
        clients["full"].get("/models", params={"q": "gmp digits-5-9.top1@linear>0 sort=-digits-5-9.top1@linear"}).text
    )
    assert 'aria-sort="descending"><a href="/models?q=gmp+digits-5-9.top1%40linear%3E0+sort%3Ddigits-5-9' in text
    assert "digits-5-9.top1@linear is digits-5-9@1.top1@1@linear@1." in text
    assert re.search(r'data-k="digits-5-9.top1@linear, %">[\d.]+<small title="\w+.*?">±[\d.]+</small>', text)
    empty = clients["full"].get("/models", params={"q": "imagenet.top1>0.999"}).text
    assert "No model fits." in empty
    assert "What is not known fits no comparison" in empty


def test_the_box_works_without_scripts_and_its_state_is_the_address(clients: dict[str, TestClient]) -> None:
    text = clients["full"].get("/models").text
    form = text[text.index("<form") : text.index("</form>")]
    assert 'action="/models" method="get"' in form
    assert 'name="q"' in form
    for address in re.findall(r'href="(/models\?q=[^"]+)"', text):
        assert clients["full"].get(address.replace("&amp;", "&")).status_code == 200, address


def test_searching_while_models_are_published(own_engine: Engine) -> None:
    """Each transaction publishes two twins: no answer has one without the other."""
    stop = threading.Event()

    def publish() -> None:
        for number in range(200):
            with session_scope(own_engine, write=True) as session:
                for twin in "ab":
                    queries.upsert_model(session, _twin(f"twin/net/{number}-{twin}"))
            if stop.is_set():
                return

    writer = threading.Thread(target=publish)
    writer.start()
    seen: set[int] = set()
    while writer.is_alive() and len(seen) < 5:
        with session_scope(own_engine) as session:
            found = queries.find_models(session, "method=twin sort=-name", limit=3)
        assert found.total % 2 == 0
        assert len(found.rows) == min(3, found.total)
        seen.add(found.total)
    stop.set()
    writer.join()
    assert len(seen) > 2, "nothing was published meanwhile: this test says nothing"


def _twin(slug: str) -> ModelRecord:
    return ModelRecord(
        slug=slug, title="Twin", owner="o", method="twin", architecture="net", sparsity_target=0.5, availability="make"
    )


def test_files_of_found_models_are_pulled_and_others_explained(clients: dict[str, TestClient]) -> None:
    text = clients["full"].get("/models", params={"q": f"name={slug_of('gmp', 0.98, 1)}"}).text
    assert "1 model fits." in text
    assert 'data-k="File">' in text
