"""The application as others mount it: under a prefix, with errors that say nothing of the inside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from huggingface_hub import HfApi
from raw_http import RawClient
from sqlalchemy import Engine
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from leaderboard.app import create_app
from registry.db.schema import upgrade
from registry.db.session import make_engine
from registry.hub_server import create_hub_app
from registry.hub_server.mounting import Beside
from registry.hub_server.serving import address_of, issue_token, listen, make_server
from zoo.core.errors import UsageError


def inside(hub: ASGIApp, _engine: Engine) -> ASGIApp:
    """Mounted in an application that leaves requests alone."""
    outer = FastAPI()
    outer.mount("/hf", hub)
    return outer


def beside_the_site(hub: ASGIApp, engine: Engine) -> ASGIApp:
    """Beside the leaderboard, which compresses its answers and bounds its bodies, on the same catalogue."""
    return Beside(create_app(engine), hub, "/hf")


@pytest.fixture(params=[inside, beside_the_site])
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[HfApi]:
    """A hub under ``/hf`` of another application, on a thread."""
    import threading

    engine = make_engine(f"sqlite:///{tmp_path}/c.sqlite")
    upgrade(engine)
    sock = listen("127.0.0.1", 0)
    endpoint = f"{address_of(sock)}/hf"
    server = make_server(request.param(create_hub_app(engine, tmp_path / "store", endpoint), engine))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    yield HfApi(endpoint=endpoint, token=issue_token(engine, "alice", "write", "test")[0])
    server.should_exit = True
    thread.join()
    sock.close()
    engine.dispose()


def test_it_works_under_a_prefix(mounted: HfApi, tmp_path: Path) -> None:
    mounted.create_repo("alice/m")
    for index in range(3):
        mounted.upload_file(path_or_fileobj=b"\0%d" % index, path_in_repo=f"d/{index}.bin", repo_id="alice/m")
    mounted.create_branch("alice/m", branch="dev/x")
    assert mounted.model_info("alice/m", revision="dev/x").sha == mounted.model_info("alice/m").sha
    file = mounted.hf_hub_download("alice/m", "d/2.bin", cache_dir=tmp_path / "cache", revision="dev/x")
    assert Path(file).read_bytes() == b"\x002"
    large = bytes(5_000_000)
    mounted.upload_file(path_or_fileobj=large, path_in_repo="large.bin", repo_id="alice/m")
    file = mounted.hf_hub_download("alice/m", "large.bin", cache_dir=tmp_path / "cache")
    assert Path(file).read_bytes() == large
    raw = RawClient(mounted.endpoint, str(mounted.token))
    for page in ("/", "/alice/m"):
        assert f'href="{mounted.endpoint}' in raw("GET", page).body.decode()
    link = raw("GET", "/api/models/alice/m/commits/main?limit=1").headers["link"]
    assert link.startswith(f"<{mounted.endpoint}/api/models/alice/m/commits/main?limit=1&cursor=")


def test_the_site_beside_it_stays_the_site(tmp_path: Path, sqlite_catalogue: Engine) -> None:
    hub = create_hub_app(sqlite_catalogue, tmp_path / "store", "http://x/hf")
    client = TestClient(Beside(create_app(sqlite_catalogue), hub, "/hf"))
    for path in ("/", "/hfx", "/api/v1/models"):
        assert "sandbox" not in client.get(path).headers["content-security-policy"]
    assert client.get("/hf/api/models").json() == []
    for prefix in ("hf", "/hf/", "/", "//hf"):
        with pytest.raises(UsageError):
            Beside(hub, hub, prefix)


def test_a_database_out_of_order_is_a_503_that_clients_retry(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/c.sqlite")
    upgrade(engine)
    client = TestClient(create_hub_app(engine, tmp_path / "store", "http://hub.test"))
    engine.dispose()
    (tmp_path / "c.sqlite").write_bytes(b"damaged" * 1000)
    answer = client.get("/api/models")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert str(tmp_path) not in answer.text
    engine.dispose()


def test_a_lost_blob_is_told_apart_from_a_missing_file(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/c.sqlite")
    upgrade(engine)
    client = TestClient(create_hub_app(engine, tmp_path / "store", "http://hub.test"))
    token = issue_token(engine, "alice", "write", "test")[0]
    client.headers["Authorization"] = f"Bearer {token}"
    client.post("/api/repos/create", json={"name": "m"})
    for blob in (tmp_path / "store" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    answer = client.get("/alice/m/resolve/main/.gitattributes")
    assert (answer.status_code, "x-error-code" in answer.headers) == (404, False)
    assert "lost or damaged" in answer.json()["error"]
    engine.dispose()
