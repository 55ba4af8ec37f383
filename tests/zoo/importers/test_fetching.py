"""Fetching a foreign file: https only, capped, and nothing left behind where it fails."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from zoo.core.errors import PrunariumError, UsageError
from zoo.errors import ForeignFileError
from zoo.importers._fetching import fetch, is_address

URL = "https://example.org/models/some%20model.pth?download=1"
Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def test_the_file_arrives_under_its_name(tmp_path: Path) -> None:
    path = fetch(URL, tmp_path, client=client(lambda _: httpx.Response(200, content=b"x" * 3_000_000)))
    assert path == tmp_path / "some model.pth"
    assert path.stat().st_size == 3_000_000


def test_a_redirection_is_followed_over_https_only(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "example.org":
            return httpx.Response(302, headers={"location": "https://files.example.org/x"})
        return httpx.Response(200, content=b"weights")

    assert fetch(URL, tmp_path, client=client(answer)).read_bytes() == b"weights"
    for location in ("http://files.example.org/x", "file:///etc/passwd"):
        downgrade = httpx.Response(302, headers={"location": location})
        with pytest.raises(PrunariumError, match=r"Only https|cannot be fetched"):
            fetch(URL, tmp_path / "other", client=client(partial(_always, downgrade)))
    with pytest.raises(ForeignFileError, match="without end"):
        fetch(URL, tmp_path, client=client(lambda _: httpx.Response(302, headers={"location": URL})))


def _always(answer: httpx.Response, _: httpx.Request) -> httpx.Response:
    return answer


def test_plain_http_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise AssertionError("a request was sent")

    with pytest.raises(UsageError, match="Only https"):
        fetch("http://example.org/x.pth", tmp_path, client=client(answer))


def stream(chunks: int) -> httpx.Response:
    """A body without an announced length."""
    return httpx.Response(200, content=(b"y" * 1000 for _ in range(chunks)))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda _: httpx.Response(404), "404"),
        (lambda _: httpx.Response(200, html="<title>Sign in</title>"), "is a page, not a file"),
        (lambda _: httpx.Response(200, content=b"z" * 6000), "larger than the 5,000 bytes"),
        (lambda _: stream(6), "larger than the 5,000 bytes"),
    ],
    ids=["missing", "page", "announced", "unannounced"],
)
def test_what_is_no_file_of_a_fair_size_leaves_nothing(answer: Answer, message: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=message):
        fetch(URL, tmp_path, limit_bytes=5000, client=client(answer))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_connection_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    with pytest.raises(ForeignFileError, match="cannot be fetched: no route"):
        fetch(URL, tmp_path, client=client(answer))
    assert list(tmp_path.iterdir()) == []


def test_addresses_are_told_from_paths() -> None:
    assert is_address("https://example.org/x")
    assert is_address("ftp://example.org/x")
    assert not is_address("folder/model.pth")
