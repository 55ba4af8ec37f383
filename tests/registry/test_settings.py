"""Settings come from the environment, once, and a wrong one is refused with an example."""

from pathlib import Path

import pytest

from registry.errors import SettingsError
from registry.settings import load_settings


def test_everything_has_a_default_under_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    settings = load_settings({})
    home = Path("/home/ada/.local/share/prunarium")
    assert (settings.home, settings.hub_endpoint, settings.hub_token) == (home, None, None)
    assert (settings.server_url, settings.server_token) == (None, None)
    assert settings.database_url == f"sqlite:///{home}/catalogue.sqlite"
    assert settings.blobs == f"file://{home}/blobs"


def test_the_data_folder_of_the_desktop_is_respected() -> None:
    assert load_settings({"XDG_DATA_HOME": "/data"}).home == Path("/data/prunarium")


def test_everything_can_be_placed_elsewhere() -> None:
    settings = load_settings(
        {
            "PRUNARIUM_HOME": "/srv/p",
            "PRUNARIUM_DATABASE_URL": "postgresql://db/p",
            "PRUNARIUM_BLOBS": "s3://bucket/blobs",
            "PRUNARIUM_HUB": "http://hub:8080/",
            "PRUNARIUM_HUB_TOKEN": "prn_secret",
            "PRUNARIUM_URL": "https://prunarium.example.org",
            "PRUNARIUM_TOKEN": "prn_other",
        }
    )
    assert (settings.server_url, settings.server_token) == ("https://prunarium.example.org", "prn_other")
    assert settings.home == Path("/srv/p")
    assert settings.database_url == "postgresql://db/p"
    assert settings.blobs == "s3://bucket/blobs"
    assert settings.hub_endpoint == "http://hub:8080"
    assert settings.hub_token == "prn_secret"


def test_the_clients_own_names_are_the_fallback_and_ours_win() -> None:
    theirs = {"HF_ENDPOINT": "https://theirs", "HF_TOKEN": "theirs"}
    assert (load_settings(theirs).hub_endpoint, load_settings(theirs).hub_token) == ("https://theirs", "theirs")
    both = theirs | {"PRUNARIUM_HUB": "https://ours", "PRUNARIUM_HUB_TOKEN": "ours"}
    assert (load_settings(both).hub_endpoint, load_settings(both).hub_token) == ("https://ours", "ours")


def test_no_token_is_ever_printed() -> None:
    for name in ("PRUNARIUM_HUB_TOKEN", "PRUNARIUM_TOKEN", "HF_TOKEN"):
        assert "prn_secret" not in repr(load_settings({name: "prn_secret"}))


def test_the_two_kinds_of_token_are_apart() -> None:
    hub = load_settings({"PRUNARIUM_HUB_TOKEN": "a", "HF_TOKEN": "b"})
    assert (hub.hub_token, hub.server_token) == ("a", None)
    server = load_settings({"PRUNARIUM_TOKEN": "c"})
    assert (server.hub_token, server.server_token) == (None, "c")


@pytest.mark.parametrize("name", ["PRUNARIUM_DATABASE_URL", "PRUNARIUM_BLOBS", "PRUNARIUM_HUB", "HF_ENDPOINT"])
def test_an_address_without_a_scheme_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        load_settings({name: "nonsense"})
    assert error.value.exit_code == 2
    assert error.value.hint


def test_further_hubs_are_read_and_must_be_addresses() -> None:
    found = load_settings(
        {"PRUNARIUM_HUB_ENDPOINTS": "https://a.example/, https://b.example", "PRUNARIUM_HUB": "https://c.example"}
    )
    assert found.hubs == {"https://huggingface.co", "https://a.example", "https://b.example", "https://c.example"}
    assert load_settings({}).hubs == {"https://huggingface.co"}
    with pytest.raises(SettingsError, match="hub.example"):
        load_settings({"PRUNARIUM_HUB_ENDPOINTS": "hub.example"})
