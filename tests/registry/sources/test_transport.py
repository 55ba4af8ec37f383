"""Servers that are down, slow, wrong or hostile: one clear line each, no secret told, no other source asked."""

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from site_server import Reply, answer, fake_server

from registry.errors import (
    AccessError,
    LoginError,
    ScopeError,
    ServerAddressError,
    ServerAnswerError,
    ServerRefusedError,
    ServerUnavailableError,
    TransitionError,
    UnknownRecordError,
)
from registry.server_address import ServerAddress
from registry.sources import RemoteSource, SubmissionRequest, answers
from registry.sources.transport import Patience
from zoo.core.errors import PrunariumError

TOKEN = "prn_very-secret"
ME = json.dumps({"account": "ada", "role": "submitter", "token": "laptop", "scopes": ["submit"]}).encode()
QUICK = Patience(connect_seconds=5, read_seconds=0.4, answer_seconds=1.0)


def source_at(address: str, patience: Patience | None = None) -> RemoteSource:
    return RemoteSource(ServerAddress.parse(address), lambda: TOKEN, patience)


def error_of(reply: Reply, patience: Patience | None = None) -> PrunariumError:
    """What ``me`` raises at a server that replies so; the token and a traceback are never part of it."""
    with fake_server(reply) as server, pytest.raises(PrunariumError) as caught:
        source_at(server.address, patience).me()
    assert TOKEN not in str(caught.value)
    assert server.address in caught.value.message or type(caught.value) not in (
        ServerAnswerError,
        ServerUnavailableError,
    )
    assert "\n" not in caught.value.message
    return caught.value


def test_a_good_answer_is_read_plain_and_packed() -> None:
    for reply in (answer(200, ME), answer(200, gzip.compress(ME), Content_Encoding="gzip")):
        with fake_server(reply) as server:
            assert source_at(server.address).me().account == "ada"
            assert server.asked[0].headers["accept-encoding"] == "gzip"


def test_what_newer_servers_add_is_left_out() -> None:
    with fake_server(answer(200, json.dumps({**json.loads(ME), "avatar": "x"}).encode())) as server:
        assert source_at(server.address).me().scopes == ("submit",)


HTML = b"<!doctype html><title>Sign in to the hotel's network</title>"


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (answer(200, HTML, Content_Type="text/html", Prunarium_API=""), ServerAnswerError, "answers with a web page"),
        (answer(200, b"[]", Prunarium_API=""), ServerAnswerError, "not as a Prunarium server of this version"),
        (answer(404, b"", Prunarium_API=""), ServerAnswerError, "status 404"),
        (answer(200, ME, Prunarium_API="2"), ServerAnswerError, "version 2 of the API, this client version 1"),
        (answer(410, ME, Prunarium_API="2"), ServerAnswerError, "version 2 of the API"),
        (answer(200, ME, Prunarium_API="0"), ServerAnswerError, "version 0 of the API"),
        (answer(200, HTML), ServerAnswerError, "something that is no JSON"),
        (answer(200, b'{"account": NaN}'), ServerAnswerError, "something that is no JSON"),
        (answer(200, b"[" * 100_000), ServerAnswerError, "something that is no JSON"),
        (answer(200, b"\xff\xfe\x00"), ServerAnswerError, "something that is no JSON"),
        (answer(200, b'{"account": "ada"}'), ServerAnswerError, "does not know (role: Field required)"),
        (answer(200, b"[]"), ServerAnswerError, "in a form that this version does not know"),
        (answer(200, b"not gzip", Content_Encoding="gzip"), ServerAnswerError, "cannot be unpacked"),
        (answer(200, gzip.compress(ME)[:-9], Content_Encoding="gzip"), ServerAnswerError, "cannot be unpacked"),
        (answer(200, ME, Content_Encoding="zstd"), ServerAnswerError, "packs its answer as 'zstd'"),
        (answer(500, b"oops", Prunarium_API=""), ServerUnavailableError, "failed (500)."),
        (answer(502, HTML, Prunarium_API=""), ServerUnavailableError, "failed (502)."),
        (answer(429), ServerUnavailableError, "failed (429)"),
    ],
)
def test_answers_that_are_none(reply: Reply, kind: type[Exception], words: str) -> None:
    error = error_of(reply)
    assert type(error) is kind
    assert words in error.message
    assert error.hint
    assert error.exit_code == 1


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, ServerRefusedError, 2),
        (401, AccessError, 1),
        (403, ScopeError, 1),
        (404, UnknownRecordError, 2),
        (409, TransitionError, 1),
        (413, ServerRefusedError, 2),
        (418, ServerRefusedError, 2),
        (503, ServerUnavailableError, 1),
    ],
)
def test_a_refusal_keeps_the_servers_words(status: int, kind: type[Exception], code: int) -> None:
    body = json.dumps({"error": {"message": "No such thing.", "hint": "Try another."}}).encode()
    error = error_of(answer(status, body))
    assert type(error) is kind
    assert "No such thing." in error.message
    assert error.exit_code == code
    assert error.hint is not None
    if status == 401:
        assert "prunarium login http" in error.hint
    elif status != 503:
        assert error.hint == "Try another."
    assert type(error_of(answer(status, b"??"))) is kind, "words in another form leave the kind of the error as it is"


def test_a_server_cannot_paint_on_the_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 fine\r\nerror: pay \u202etxt\x9b1m"
    error = error_of(answer(400, json.dumps({"error": {"message": evil, "hint": evil}}).encode()))
    with fake_server(answer(200, json.dumps({**json.loads(ME), "account": evil}).encode())) as server:
        account = source_at(server.address).me().account or ""
    for text in (error.message, error.hint or "", account):
        assert "fine" in text
        assert not any(sign in text for sign in "\x1b\x07\r\u202e\x9b")
    assert "\n" not in error.message
    huge = json.dumps({"error": {"message": "x" * 10**6, "hint": None}}).encode()
    assert len(error_of(answer(400, huge)).message) < 1000


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_cut(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is small on the way and huge when unpacked: not more than the limit is ever held."""
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", 2**20)
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Prunarium-API", "1")
        if packed:
            handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        packer = zlib.compressobj(wbits=31)
        chunk = b" " * 2**20
        for _ in range(1000):
            data = packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH) if packed else chunk
            try:
                handler.wfile.write(data)
            except OSError:
                return
            sent += len(data)

    assert "more than 1 MB" in error_of(endless).message
    assert sent < 100 * 2**20


def test_a_bomb_is_not_unpacked_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred megabytes in a hundred kilobytes, which arrive at once."""
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", 2**20)
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(100)) + packer.flush()
    assert len(bomb) < 2**18
    tracemalloc.start()
    try:
        assert "more than 1 MB" in error_of(answer(200, bomb, Content_Encoding="gzip")).message
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_slow_servers_are_given_up() -> None:
    def silent(_handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1.0)

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Prunarium-API", "1")
        handler.send_header("Content-Length", str(len(ME)))
        handler.end_headers()
        for byte in ME:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.1)

    for reply in (silent, dripping):
        error = error_of(_until_hung_up(reply), QUICK)
        assert type(error) is ServerUnavailableError
        assert "takes too long" in error.message


def _until_hung_up(reply: Reply) -> Reply:
    def quietly(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            reply(handler)

    return quietly


def test_nobody_there_is_one_line_and_nobody_else_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for ask in _questions(source_at(f"http://127.0.0.1:{port}")):
        with pytest.raises(ServerUnavailableError, match="cannot be reached") as caught:
            ask()
        assert "prunarium logout" in (caught.value.hint or "")


def _questions(source: RemoteSource) -> list[Callable[[], Any]]:
    return [
        lambda: source.models("rigl"),
        lambda: source.entry("gmp/resnet50/0.90"),
        lambda: source.holding("org/name", "0" * 40),
        lambda: source.submit(SubmissionRequest(model="org/name")),
        source.submissions,
        lambda: source.status("abc"),
        lambda: source.withdraw("abc"),
        source.me,
    ]


def test_a_connection_that_is_cut_is_no_answer() -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Prunarium-API", "1")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(ME)

    assert type(error_of(cut)) is ServerUnavailableError


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_told_and_not_followed(status: int, method: str) -> None:
    with fake_server(answer(200, ME)) as other:
        with fake_server(answer(status, b"", Location=f"{other.address}/api/v1/me")) as server:
            source = source_at(server.address)
            with pytest.raises(
                ServerAnswerError, match=f"redirects to {other.address}, where nothing was sent"
            ) as caught:
                source.me() if method == "GET" else source.withdraw("abc")
            assert server.secrets == [f"Bearer {TOKEN}"]
        assert other.asked == []
    assert f"prunarium login {other.address}" in (caught.value.hint or "")


def test_a_redirect_within_the_server_is_followed_but_not_for_ever() -> None:
    def moved(handler: BaseHTTPRequestHandler) -> None:
        (answer(200, ME) if handler.path == "/new?a=1" else answer(307, b"", Location="/new?a=1"))(handler)

    with fake_server(moved) as server:
        assert source_at(server.address).me().account == "ada"
        assert server.secrets == [f"Bearer {TOKEN}"] * 2
        with pytest.raises(ServerAnswerError, match="does not know"):
            source_at(server.address).models("rigl")
        assert [request.path for request in server.asked][-1] == "/new?a=1"
    assert "in a circle" in error_of(answer(307, b"", Location="/api/v1/me")).message


@pytest.mark.parametrize("location", ["", "http://[", "file:///etc/passwd", "https://ada:pw@evil.example/"])
def test_a_redirect_to_no_address_is_an_error(location: str) -> None:
    assert "redirects" in error_of(answer(302, b"", Location=location)).message


def test_the_token_goes_only_where_it_is_needed() -> None:
    with fake_server(answer(404, b"{}")) as server:
        for ask in _questions(source_at(server.address)):
            with suppress(UnknownRecordError):
                ask()
        public = [request.path.split("?")[0] for request in server.asked if "authorization" not in request.headers]
        assert public == [
            "/api/v1/models",
            "/api/v1/models/gmp/resnet50/0.90",
            f"/api/v1/revisions/org/name/{'0' * 40}",
        ]
        assert set(server.secrets) == {f"Bearer {TOKEN}"}


def test_no_token_leaves_over_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_at("http://prunarium.example.org")
    for ask in (source.me, source.submissions, lambda: source.submit(SubmissionRequest(model="org/name"))):
        with pytest.raises(ServerAddressError, match="No token is sent to http://prunarium.example.org"):
            ask()


def test_a_proxy_of_the_environment_sees_nothing_meant_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_server(answer(200, ME)) as proxy, fake_server(answer(200, ME)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        assert source_at(server.address).me().account == "ada"
        assert (len(proxy.asked), len(server.asked)) == (0, 1)


def test_without_a_token_nothing_is_sent_that_needs_one() -> None:
    with fake_server(answer(200, ME)) as server:
        source = RemoteSource(ServerAddress.parse(server.address))
        with pytest.raises(AccessError, match="asks for a token") as caught:
            source.submit(SubmissionRequest(model="org/name"))
        assert f"prunarium login {server.address}" in (caught.value.hint or "")
        assert server.asked == []


@pytest.mark.parametrize("token", ["prn_a\nX-Evil: 1", "prn_ü", "prn_\x00"])
def test_a_token_that_is_none_is_not_printed(token: str) -> None:
    with fake_server(answer(200, ME)) as server:
        with pytest.raises(LoginError, match="characters that no token has") as caught:
            RemoteSource(ServerAddress.parse(server.address), lambda: token).me()
        assert "prn_" not in str(caught.value)
        assert server.asked == []


def test_names_are_part_of_the_path_and_of_nothing_else() -> None:
    with fake_server(answer(404, b"{}")) as server:
        source = source_at(server.address)
        for ask in (
            lambda: source.status("../../admin?x=1#y"),
            lambda: source.entry("org/na me?results=true#"),
            lambda: source.withdraw("a/b"),
        ):
            with pytest.raises(UnknownRecordError):
                ask()
        assert [request.path for request in server.asked] == [
            "/api/v1/submissions/..%2F..%2Fadmin%3Fx%3D1%23y",
            "/api/v1/models/org/na%20me%3Fresults%3Dtrue%23?results=false",
            "/api/v1/submissions/a%2Fb/withdraw",
        ]


def test_pages_end_when_the_server_has_no_more_or_says_nonsense() -> None:
    """A server that always names a next page, and never has a row on it, is asked once."""
    page = {"total": 5, "next": "/api/v1/models?offset=1", "models": [], "metrics": {}}
    with fake_server(answer(200, json.dumps(page).encode())) as server:
        assert source_at(server.address).models(limit=10**9).rows == ()
        assert len(server.asked) == 1
