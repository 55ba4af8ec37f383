"""Uploads in parts, by real connections that break; and addresses that are used more than once."""

import random
import socket
from urllib.parse import urlsplit

import pytest
from hub_requests import batch, commit, large, sha256, upload_address
from raw_http import RawClient

DATA = random.Random(0).randbytes(7 * 2**20)  # noqa: S311 - seven parts of the test hub, no two alike


def parts_of(raw: RawClient, repo: str) -> tuple[str, list[str]]:
    """(completion address, the address of each part)."""
    answer = batch(raw, repo, (sha256(DATA), len(DATA)), transfers=["basic", "multipart"])
    upload = answer.json["objects"][0]["actions"]["upload"]
    header = upload["header"]
    assert int(header["chunk_size"]) == 2**20
    return upload["href"], [header[str(number)] for number in range(1, len(header))]


def piece(number: int) -> bytes:
    return DATA[number * 2**20 : (number + 1) * 2**20]


def send(raw: RawClient, addresses: list[str]) -> list[dict[str, object]]:
    """Every part; returns what the completion wants."""
    answers = [raw("PUT", address, piece(number), token=None) for number, address in enumerate(addresses)]
    assert {answer.status for answer in answers} == {200}
    return [{"partNumber": n, "etag": answer.headers["etag"]} for n, answer in enumerate(answers, 1)]


def cut(address: str, sent: bytes, announced: int) -> None:
    """Announce a body, send a piece of it, and hang up."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname or "", place.port or 80)) as connection:
        head = f"PUT {place.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n\r\n"
        connection.sendall(head.encode() + sent)


def test_a_broken_connection_costs_one_part(raw: RawClient, repo: str) -> None:
    done, addresses = parts_of(raw, repo)
    cut(addresses[2], piece(2)[:500_000], 2**20)
    sent = send(raw, addresses)
    assert raw("POST", done, {"oid": sha256(DATA), "parts": sent}, token=None).status == 200
    assert commit(raw, repo, large("w.bin", sha256(DATA))).status == 200
    assert raw("GET", f"/{repo}/resolve/main/w.bin").body == DATA


def test_a_cut_upload_is_no_object(raw: RawClient, repo: str) -> None:
    address = upload_address(raw, repo, sha256(b"\0short"), 6)
    cut(address, b"\0sho", 6)
    assert commit(raw, repo, large("w.bin", sha256(b"\0short"))).status == 400
    assert raw("PUT", address, b"\0short", token=None).status == 200


@pytest.mark.parametrize("other", [b"\0other", b"\0longer than that", b""])
def test_a_replayed_address_changes_nothing(raw: RawClient, repo: str, other: bytes) -> None:
    address = upload_address(raw, repo, sha256(b"\0bytes"), 6)
    assert raw("PUT", address, b"\0bytes", token=None).status == 200
    commit(raw, repo, large("w.bin", sha256(b"\0bytes")))
    assert raw("PUT", address, other, token=None).status in (400, 413)
    assert raw("PUT", address, b"\0bytes", token=None).status == 200
    assert raw("GET", f"/{repo}/resolve/main/w.bin").body == b"\0bytes"


def test_a_part_of_another_upload(raw: RawClient, repo: str) -> None:
    """Two uploads of one object: the parts of one do not complete the other."""
    _, first = parts_of(raw, repo)
    done, _ = parts_of(raw, repo)
    sent = send(raw, first)
    assert raw("POST", done, {"oid": sha256(DATA), "parts": sent}, token=None).status == 404


def test_a_completion_sent_twice(raw: RawClient, repo: str) -> None:
    """The answer was lost; by the time it is asked for again the parts are gone, and the object is there."""
    done, addresses = parts_of(raw, repo)
    body = {"oid": sha256(DATA), "parts": send(raw, addresses)}
    assert [raw("POST", done, body, token=None).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("change", ["missing", "swapped", "too few"])
def test_parts_that_do_not_make_the_object(raw: RawClient, repo: str, change: str) -> None:
    done, addresses = parts_of(raw, repo)
    sent = send(raw, addresses)
    if change == "missing":
        sent[3] = {"partNumber": 4, "etag": "0" * 64}
    elif change == "swapped":
        sent[1], sent[2] = {"partNumber": 2, "etag": sent[2]["etag"]}, {"partNumber": 3, "etag": sent[1]["etag"]}
    else:
        del sent[-1]
    assert raw("POST", done, {"oid": sha256(DATA), "parts": sent}, token=None).status in (400, 404)
    assert commit(raw, repo, large("w.bin", sha256(DATA))).status == 400
