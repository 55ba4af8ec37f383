import socket
from pathlib import Path

import httpx
import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi

from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.errors import HubServeError


def test_serves_on_the_loopback_interface_and_stops(tmp_path: Path) -> None:
    with EmbeddedHub(tmp_path) as hub:
        assert hub.endpoint.startswith("http://127.0.0.1:")
        assert httpx.get(f"{hub.endpoint}/api/models").json() == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{hub.endpoint}/api/models")


def test_the_fixture_is_a_hub_that_its_token_may_write_to(hub: RunningHub) -> None:
    me = HfApi(endpoint=hub.endpoint, token=hub.token).whoami()
    assert (me["name"], me["auth"]["accessToken"]["role"]) == (hub.namespace, "write")
    assert hub.token not in repr(hub)


def test_a_second_start_finds_everything(tmp_path: Path) -> None:
    with EmbeddedHub(tmp_path) as hub:
        token = hub.token_for("alice")
        api = HfApi(endpoint=hub.endpoint, token=token)
        api.create_repo("alice/kept", private=True)
        first = api.upload_file(path_or_fileobj=b"\0" * 5000, path_in_repo="w.bin", repo_id="alice/kept")
    with EmbeddedHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.endpoint, token=token)
        assert api.model_info("alice/kept").sha == first.oid
        path = api.hf_hub_download("alice/kept", "w.bin", cache_dir=tmp_path / "cache")
        assert Path(path).read_bytes() == b"\0" * 5000


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HubServeError, match=f"Port {port} of 127.0.0.1 is taken"), EmbeddedHub(tmp_path, port=port):
            pass


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(HubServeError, match="file"), EmbeddedHub(place):
            pass


def test_what_a_hub_holds_is_for_whoever_runs_it(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir(mode=0o755)
    for root in (tmp_path / "new", tmp_path / "made"):
        with EmbeddedHub(root):
            pass
        assert (root / "store").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o755  # chosen by a person
