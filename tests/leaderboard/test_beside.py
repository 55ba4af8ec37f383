"""The hub below a path of the site, as ``prunarium serve --hub`` runs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import harness
import httpx
import pytest
from fastapi import FastAPI
from huggingface_hub import HfApi
from site_catalogues import empty_catalogue
from starlette.routing import Match

from leaderboard.app import create_app, first_words
from leaderboard.beside import hub_address, site_with_hub
from leaderboard.settings import SiteSettings
from prunarium.cli import run
from registry.hub_server.mounting import Beside
from registry.hub_server.serving import HubFolder, issue_token


@contextmanager
def serving(*arguments: str) -> Iterator[list[str]]:
    """What a ``prunarium serve`` process says until it serves."""
    process = harness.start(["-m", "prunarium", "serve", "--port", "0", *arguments], cwd=harness.ROOT)
    try:
        lines: list[str] = []
        while process.stderr and not any(line.startswith("Serving at") for line in lines):
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        yield lines
    finally:
        harness.kill_group(process)


def test_unmodified_clients_use_the_hub_below_the_site(tmp_path: Path) -> None:
    home = Path(os.environ["PRUNARIUM_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    empty_catalogue(home / "catalogue.sqlite").dispose()
    token = issue_token(HubFolder(home / "hub").open_engine(), "ann", "write", "test")[0]
    with serving("--hub", "/hf") as (first_line, hub_line, site_line):
        site = site_line.split()[2]
        assert "prunarium serve --init" in first_line
        assert f" is at {site}hf: " in hub_line
        api = HfApi(endpoint=f"{site}hf", token=token)
        api.create_repo("ann/net", private=True)
        content = bytes(range(256)) * 4096
        api.upload_file(path_or_fileobj=content, path_in_repo="a/model.safetensors", repo_id="ann/net")
        file = api.hf_hub_download("ann/net", "a/model.safetensors", cache_dir=tmp_path / "cache")
        assert Path(file).read_bytes() == content
        assert "The catalogue is empty." in httpx.get(site).text
        assert httpx.get(f"{site}hf/api/models").json() == []
        assert httpx.get(f"{site}ann/net/resolve/main/a/model.safetensors").status_code == 404


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hub", "hf"], "'hf' is no path for a hub"),
        (["--hub", "/"], "is no path for a hub"),
        (["--hub", "/hf?x"], "is no path for a hub"),
        (["--hub", "/a/../b"], "is no path for a hub"),
        (["--hub", "/h\nf"], "is no path for a hub"),
        (["--hub", "/api"], "/api is the site's own"),
        (["--hub", "/models/hub"], "/models is the site's own"),
        (["--hub", "/static"], "/static is the site's own"),
        (["--hub", "/hf", "--base-url", "site.example"], "no address"),
        (["--hub", "/hf", "--host", "0.0.0.0"], "must be told how clients reach it"),
        (["--base-url", "site.example"], "is no address"),
    ],
)
def test_a_mistake_gets_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    empty_catalogue(tmp_path / "c.sqlite").dispose()
    database = f"sqlite:///{tmp_path}/c.sqlite"
    assert run(["serve", "--port", "0", "--database-url", database, *arguments]) == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert shown.count("error:") == 1
    assert "Traceback" not in shown


def test_the_hub_is_told_how_clients_reach_the_site() -> None:
    here = SiteSettings(port=81, hub_prefix="/hf")
    assert hub_address(here) == "http://127.0.0.1:81/hf"
    behind = SiteSettings(host="0.0.0.0", port=81, hub_prefix="/a/hf", base_url="https://site.example:443/zoo/")
    assert hub_address(behind) == "https://site.example/zoo/a/hf"


@pytest.mark.parametrize(
    ("endpoint", "allowed"), [(None, "http://127.0.0.1:81/hf"), ("https://hub.example", "https://hub.example")]
)
def test_models_of_the_hub_beside_may_be_submitted_unless_another_is_set(
    tmp_path: Path, endpoint: str | None, allowed: str
) -> None:
    catalogue = empty_catalogue(tmp_path / "c.sqlite")
    settings = SiteSettings(port=81, hub_prefix="/hf", hub_endpoint=endpoint)
    with site_with_hub(catalogue, settings, HubFolder(tmp_path / "hub")) as app:
        assert isinstance(app, Beside)
        assert isinstance(app.site, FastAPI)
        assert app.site.state.settings.hub_endpoint == allowed
    catalogue.dispose()


def test_the_first_words_are_those_that_the_site_answers(tmp_path: Path) -> None:
    catalogue = empty_catalogue(tmp_path / "c.sqlite")
    app = create_app(catalogue)

    def answers(path: str) -> bool:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        return any(route.matches(scope)[0] is not Match.NONE for route in app.routes)

    assert [word for word in first_words() if not (answers(f"/{word}") or answers(f"/{word}/x"))] == []
    assert not answers("/hf")
    assert not answers("/hf/x")
    catalogue.dispose()
