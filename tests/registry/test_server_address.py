"""One spelling per server, and no secret for a server that cannot keep it."""

import pytest

from registry.errors import ServerAddressError
from registry.server_address import ServerAddress


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("https://example.org", "https://example.org"),
        (" HTTPS://Example.ORG:443/ ", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("https://example.org:8443/zoo/", "https://example.org:8443/zoo"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_address_has_one_spelling(typed: str, spelled: str) -> None:
    address = ServerAddress.parse(typed)
    assert str(address) == spelled
    assert ServerAddress.parse(spelled) == address


@pytest.mark.parametrize(
    "typed",
    [
        "", "example.org", "ftp://example.org", "https://", "https://example.org:port", "https://example.org:99999",
        "https://example.org/?q=1", "https://example.org/#top", "https://exa mple.org", "https://example.org\\evil",
        "https://example.org/\x1b[2J", "javascript:alert(1)", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ServerAddressError, match="no address of a server") as caught:
        ServerAddress.parse(typed)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ServerAddressError) as caught:
        ServerAddress.parse("https://ada:prn_secret@example.org")
    assert "prn_secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        ("https://example.org", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1", True),
        ("http://127.8.9.10:8000", True),
        ("http://[::1]", True),
        ("http://example.org", False),
        ("http://192.168.0.2:8000", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("http://0.0.0.0:8000", False),
    ],
)
def test_a_token_is_safe_over_https_and_within_this_machine(typed: str, safe: bool) -> None:
    address = ServerAddress.parse(typed)
    assert address.keeps_secrets is safe
    if not safe:
        with pytest.raises(ServerAddressError, match="No token is sent to"):
            address.require_secrecy()


def test_origins_differ_by_scheme_host_and_port_alone() -> None:
    home = ServerAddress.parse("https://example.org/zoo")
    assert home.origin == ServerAddress.parse("https://EXAMPLE.org:443").origin
    for other in ("http://example.org", "https://example.org:444", "https://www.example.org"):
        assert ServerAddress.parse(other).origin != home.origin
