"""The copy of the site: complete, checked by its sums, open from a disk, without anything private."""

import hashlib
import re
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optional import need
from site_catalogues import add_measured, empty_catalogue

from leaderboard.catalogue import read_catalogue
from leaderboard.static_site import Exported, export_site
from leaderboard.static_site.links import file_of, is_kept
from prunarium.cli import run
from registry.accounts import create_account, issue_token
from registry.db.session import session_scope

CHROMIUM = Path("/usr/bin/chromium")
PERSON = "a-private-person"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live") / "catalogue.sqlite"


@pytest.fixture(scope="module")
def copy(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the digits' suite, with an account that must not be in it."""
    engine = empty_catalogue(database)
    add_measured(engine)
    with session_scope(engine, write=True) as session:
        create_account(session, PERSON)
        issue_token(session, PERSON, "laptop", ["submit"])
    folder = tmp_path_factory.mktemp("copies") / "site"
    done = export_site(engine, folder)
    engine.dispose()
    assert done == Exported(done.pages, *_counted(folder))
    return folder


def _counted(folder: Path) -> tuple[int, int]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return len(files), sum(file.stat().st_size for file in files)


def test_every_link_of_every_page_leads_to_a_file_of_the_copy(copy: Path) -> None:
    pages = list(copy.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text()
        for found in re.findall(r'\b(?:href|src)="([^"]*)"', text):
            address = unescape(found).partition("#")[0]
            if address and not address.startswith("https://"):
                assert (page.parent / unquote(address)).is_file(), f"{page}: {address}"


def test_the_copy_has_every_model_method_and_task(copy: Path, database: Path) -> None:
    with session_scope(empty_catalogue(database)) as session:
        catalogue = read_catalogue(session)
    for name in catalogue.models:
        assert (copy / "models" / name / "index.html").is_file()
        assert (copy / "data" / "api" / "v1" / "models" / f"{name}.json").is_file()
    for ref in catalogue.tasks:
        assert (copy / "tasks" / ref / "index.html").is_file()


def test_the_sums_are_those_of_the_files(copy: Path) -> None:
    lines = (copy / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {file.relative_to(copy).as_posix() for file in copy.rglob("*") if file.is_file()} - {"SHA256SUMS"}
    assert listed.keys() == files
    assert all(hashlib.sha256((copy / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())


def test_the_data_is_the_catalogues_and_nothing_private(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "data" / "catalogue.sqlite")) as connection:
        count = {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608 - names of ours
            for table in ("model", "result", "account", "token", "submission")
        }
    assert count["account"] == count["token"] == count["submission"] == 0
    assert pq.read_table(copy / "data" / "models.parquet").num_rows == count["model"] == 21
    assert pq.read_table(copy / "data" / "results.parquet").num_rows == count["result"] > 300
    assert not any(PERSON.encode() in file.read_bytes() for file in copy.rglob("*") if file.is_file())


@pytest.mark.slow
def test_an_earlier_copy_is_replaced_and_anything_else_is_kept(
    copy: Path, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{database}"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert run(["export-site", str(tmp_path / "mine"), "--database-url", url]) == 2
    assert "no copy of the site" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    (copy / "stale.html").write_text("old")
    assert run(["export-site", str(copy), "--database-url", url]) == 0
    assert "index.html" in capsys.readouterr().err
    assert not (copy / "stale.html").exists()
    assert [path.name for path in copy.parent.iterdir()] == ["site"]


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=3), st.text(max_size=40))
def test_files_stay_in_the_copy_whatever_a_name_holds(parts: list[str], query: str) -> None:
    from urllib.parse import quote

    address = "/models/" + "/".join(quote(part, safe="") for part in parts)
    file = file_of(f"{address}?q={quote(query)}" if query else address, "text/html")
    assert not file.is_absolute()
    assert ".." not in file.parts
    assert all(re.fullmatch(r"[A-Za-z0-9@._-]{1,80}", part) for part in file.parts)


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_names_never_share_a_file(one: str, other: str) -> None:
    from urllib.parse import quote

    files = [file_of(f"/models/x{quote(name, safe='')}", "text/html") for name in (one, other)]
    assert (files[0] == files[1]) == (one == other)


def test_long_lists_are_kept_to_their_last_page() -> None:
    assert all(map(is_kept, ("/?suite=a&page=2", "/models?offset=50", "/robustness?shift=a&offset=100")))
    assert not is_kept("/models?offset=50&q=x")


def test_comparisons_are_kept_where_single_images_are_known() -> None:
    pair = "/compare?models=a%2Fb&models=c"
    assert is_kept(pair, {"a/b", "c"})
    assert is_kept(pair.replace("/compare", "/api/v1/compare.csv"), {"a/b", "c"})
    assert not is_kept(pair, {"c"})
    assert not is_kept(f"{pair}&models=d", {"a/b", "c", "d"})
    assert not is_kept(f"{pair}&against=c", {"a/b", "c"})


def test_the_copy_says_which_comparisons_it_has(copy: Path) -> None:
    page = (copy / "compare" / "index.html").read_text()
    assert 'class="offline"' in page
    assert 'class="only-offline' in page
    assert len(list((copy / "compare").iterdir())) == 19  # every pruned model with its parent, and the page itself


def test_what_needs_a_server_is_not_kept() -> None:
    assert is_kept("/?suite=a&sparsity=0.90")
    assert is_kept("/api/v1/board.csv?suite=a")
    assert not any(
        map(is_kept, ("/status", "/?sort=full", "/?q=x", "/models?q=x", "/api/v1/openapi.json", "/choose?use=x"))
    )


@pytest.mark.browser
def test_the_copy_works_from_a_disk(copy: Path) -> None:
    need("browser", CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else complaints.append(request.url))
        page.goto(f"file://{copy}/index.html")
        heads = page.locator("table.board th[data-key=full] button")
        heads.click()
        ascending = page.locator("table.board tbody tr:not(.dense) th").all_inner_texts()
        heads.click()
        assert page.locator("table.board tbody tr:not(.dense) th").all_inner_texts() == ascending[::-1]
        assert page.locator("th[aria-sort=descending]").count() == 1
        page.get_by_role("link", name="98 %").first.click()
        page.wait_for_url("**/board/**/index.html")
        page.locator("table.board tbody th a.name").first.click()
        page.wait_for_url("**/models/**/index.html")
        page.get_by_role("link", name="Explore").click()
        page.wait_for_selector("#chart svg")
        for name in ("index", "compare/index", "choose/index", "models/gmp/resnet8-digits/0.98-s1/index"):
            page.goto(f"file://{copy}/{name}.html")
            # Nothing asks for what only a server does.
            asking = page.locator("main :is(input, select, button:not(.copy, th button))")
            assert asking.locator("visible=true").count() == 0
            text = page.locator("main").inner_text()
            assert not any(words in text for words in ("Tick them", "Report this model", "Choose for me\n\n"))
        page.goto(f"file://{copy}/choose/index.html")
        assert "Asked: resnet8-digits, at least 90 % sparse, fine-tuned" in page.locator("main").inner_text()
        assert complaints == []
        browser.close()
