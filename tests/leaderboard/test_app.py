from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from site_catalogues import empty_catalogue
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from leaderboard.web import CSP
from registry import queries
from registry.db.session import make_engine, session_scope
from registry.errors import CatalogueUnavailableError, SchemaAheadError
from registry.records import ModelRecord
from registry.settings import load_settings

KINDS = ("empty", "reported", "full")
EVERYWHERE = (
    "/",
    "/?sparsity=all&sort=name",
    "/compare",
    "/architectures",
    "/robustness",
    "/models",
    "/tasks",
    "/methods",
    "/status",
    "/about",
    "/api",
)
PUBLISHED = (
    "/models/ac-dc/resnet50/0.90",
    "/models/dense/resnet50/0.00",
    "/tasks/pets@ist2022",
    "/methods/rigl",
    "/?architecture=mobilenetv1",
    "/?sparsity=0.98&sort=-full",
    "/?trust=measured",
    "/architectures/resnet50",
    "/robustness?shift=cifar10-c@robustnets&offset=100",
    "/robustness?shift=imagenet-v2-matched-frequency@timm",
    "/compare?models=ac-dc/resnet50/0.90",
    "/compare?models=dense/resnet50/0.00&models=ac-dc/resnet50/0.90,rigl/resnet50/0.90",
    "/compare?models=ac-dc/resnet50/0.90&models=dense/mobilenetv1/0.00",
)
MEASURED = (
    "/?suite=digits-demo",
    "/?suite=digits-demo%401&sparsity=all&sort=-digits-0-4-nll",
    "/models/gmp/resnet8-digits/0.98-s1",
    "/models/prunarium/gmp-resnet8-digits-0.98-s1",
    "/models/rigl/resnet8-digits/0.98-s2",
    "/architectures/resnet8-digits",
    "/robustness?shift=digits-c-like@1",
    "/compare?models=gmp/resnet8-digits/0.98-s1&models=prunarium/dense-resnet8-digits-0.00-s1",
    "/tasks/digits-5-9@1",
    "/tasks/digits-c-like@1",
    "/tasks/cost@1",
)


class Links(HTMLParser):
    """The addresses of a page, and the ids that fragments may name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.addresses.append(value)
            elif name == "id" and value is not None:
                self.ids.add(value)


# Boards have more views than a test can open, and the pages of published models are alike.
MOST = {
    "/?": 12, "/models/": 16, "/methods/": 8, "/tasks/": 12, "/api/v1/models": 4, "/api/v1/board": 4,
    "/architectures/": 6, "/robustness?": 3, "/compare?": 4, "/api/v1/compare": 5, "/api/v1/robustness": 5,
}  # fmt: skip


def crawl(client: TestClient) -> dict[str, str]:
    """Local addresses that can be reached from the board, up to :data:`MOST` of a kind, with their texts.

    A broken one fails.
    """
    waiting: list[str] = ["/"]
    texts: dict[str, str] = {}
    opened: Counter[str] = Counter()
    while waiting:
        page = waiting.pop(0)
        kind = next((prefix for prefix in MOST if page.startswith(prefix)), "")
        if page in texts or (kind and opened[kind] >= MOST[kind]):
            continue
        opened[kind] += 1
        answer = client.get(page)
        assert answer.status_code == 200, f"{page}: {answer.status_code}"
        texts[page] = answer.text
        if answer.headers["content-type"].startswith("text/html"):
            found = [urlsplit(urljoin(page, address)) for address in Links(answer.text).addresses]
            waiting += [link._replace(fragment="").geturl() for link in found if not link.netloc]
    return texts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_page_answers_on_every_catalogue(clients: dict[str, TestClient], kind: str, path: str) -> None:
    answer = clients[kind].get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1>") == 1


@pytest.mark.parametrize("path", PUBLISHED)
def test_pages_about_published_rows(clients: dict[str, TestClient], path: str) -> None:
    assert clients["reported"].get(path).status_code == clients["full"].get(path).status_code == 200


@pytest.mark.parametrize("path", MEASURED)
def test_pages_about_measured_rows(clients: dict[str, TestClient], path: str) -> None:
    assert clients["full"].get(path).status_code == 200
    assert clients["empty"].get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is no page at this address."),
        ("/models/ac-dc/resnet50/0.91", 404, "Perhaps ac-dc/resnet50/0.9"),
        ("/tasks/pet@ist2022", 404, "Perhaps pets@ist2022"),
        ("/methods/rigll", 404, "Perhaps rigl"),
        ("/?colour=red", 400, "no setting"),
        ("/?sparsity=1.5", 400, "a fraction from 0 to below 1"),
        ("/?sort=speed", 400, "cannot be sorted"),
        ("/?suite=nope", 400, "no suite"),
        ("/compare?models=ac-dc/resnet50/0.91", 404, "Perhaps ac-dc/resnet50/0.9"),
        ("/compare?models=a,b,c,d,e,f", 400, "At most 5 models"),
        ("/compare?models=a&against=b", 400, "none of the models"),
        ("/architectures/resnet51", 404, "Perhaps resnet5"),
        ("/robustness?shift=fog@1", 404, "no shifted set"),
        ("/api/v1/robustness?shift=fog@1", 404, "no shifted set"),
        ("/compare?model=a", 400, "no setting"),
        ("/api/v1/compare?models=ac-dc/resnet50/0.90", 400, "two to five"),
        ("/api/v1/models?limit=0", 400, "limit"),
    ],
)
def test_a_wrong_address_gets_one_clear_error(
    clients: dict[str, TestClient], path: str, status: int, words: str
) -> None:
    answer = clients["reported"].get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/board", "/static/site.css", "/?sparsity=1.5"])
def test_every_answer_has_the_strict_policy(clients: dict[str, TestClient], path: str) -> None:
    headers = clients["reported"].get(path).headers
    assert headers["content-security-policy"] == CSP
    assert CSP.startswith("default-src 'self';")
    assert "unsafe" not in CSP
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", KINDS)
def test_pages_have_no_inline_style_or_script_that_the_policy_would_refuse(
    clients: dict[str, TestClient], kind: str
) -> None:
    for path in EVERYWHERE:
        text = clients[kind].get(path).text
        assert " style=" not in text, path
        assert "<script>" not in text, path
        assert " onclick=" not in text, path
        assert "<style" not in text, path


def test_an_unchanged_page_costs_nothing_and_a_write_shows_at_once(own_engine: Engine) -> None:
    client = TestClient(create_app(own_engine))
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with session_scope(own_engine, write=True) as session:
        model = queries.get_model(session, "ac-dc/resnet50/0.90")
        assert model is not None
        changed = {name: getattr(model, name) for name in ModelRecord.__dataclass_fields__} | {"training_epochs": 123.0}
        queries.upsert_model(session, ModelRecord(**changed))
    fresh = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert fresh.status_code == 200
    assert "123" in fresh.text
    client.close()


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(clients: dict[str, TestClient]) -> None:
    texts = crawl(clients["full"])
    assert {"/models", "/tasks", "/methods", "/status", "/about", "/api", "/api/v1/openapi.json"} <= texts.keys()
    assert sum(path.startswith("/models/") for path in texts) == MOST["/models/"]
    pages = {page: Links(text) for page, text in texts.items() if text.startswith("<!doctype html>")}
    for page, links in pages.items():
        for address in links.addresses:
            link = urlsplit(urljoin(page, address))
            target = link._replace(fragment="").geturl()
            if link.fragment and not link.netloc and target in pages:
                assert link.fragment in pages[target].ids, f"{page} -> {address}"


def test_pages_name_no_other_host_but_sources_of_rows(clients: dict[str, TestClient]) -> None:
    text = clients["full"].get("/").text
    loaded = [address for address in Links(text).addresses if not address.startswith(("/", "#"))]
    assert loaded == []


def test_a_schema_that_does_not_fit_is_refused_with_the_command(tmp_path: Path) -> None:
    settings = load_settings({"PRUNARIUM_HOME": str(tmp_path)})
    with pytest.raises(CatalogueUnavailableError) as missing:
        create_app(settings)
    assert missing.value.hint is not None
    assert "prunarium db upgrade" in missing.value.hint
    assert not (tmp_path / "catalogue.sqlite").exists()
    engine = empty_catalogue(tmp_path / "catalogue.sqlite")
    with engine.begin() as connection:
        connection.exec_driver_sql("update prunarium_schema_version set version_num = '9999'")
    engine.dispose()
    with pytest.raises(SchemaAheadError):
        create_app(settings)


def test_a_catalogue_that_vanishes_is_a_503_with_words(tmp_path: Path) -> None:
    engine = empty_catalogue(tmp_path / "catalogue.sqlite")
    client = TestClient(create_app(engine), raise_server_exceptions=False)
    assert client.get("/").status_code == 200
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table catalogue_state")
    engine.dispose()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The catalogue cannot be read" in answer.text
    client.close()


def test_a_postgresql_address_without_driver_or_a_wrong_one_is_an_error_of_ours() -> None:
    with pytest.raises(Exception, match="support") as error:
        create_app(make_engine("mysql://nobody@nowhere/nothing"))
    assert type(error.value).__module__ == "registry.errors"
