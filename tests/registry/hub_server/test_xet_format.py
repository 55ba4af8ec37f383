"""The Xet containers, written by an encoder of the test's own and, in the client tests, by hf-xet itself."""

import io

import pytest
from hub_requests import chunk, shard, words
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server.errors import BadRequestError
from registry.hub_server.xet_format import Chunk, Segment, hash_text, parse_shard, scan_xorb, unpack


@given(data=st.binary(min_size=1, max_size=3000), scheme=st.sampled_from([0, 1, 2]))
def test_a_chunk_round_trips(data: bytes, scheme: int) -> None:
    packed = chunk(data, scheme)
    (found,) = scan_xorb(io.BytesIO(packed), len(packed))
    assert found == Chunk(8, len(packed) - 8, scheme, len(data))
    assert unpack(found, packed[8:]) == data


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.sampled_from([0, 1, 2])), min_size=1, max_size=9))
def test_chunks_lie_one_after_the_other(parts: list[tuple[bytes, int]]) -> None:
    body = b"".join(chunk(data, scheme) for data, scheme in parts)
    found = scan_xorb(io.BytesIO(body), len(body))
    assert [unpack(each, body[each.offset : each.offset + each.stored]) for each in found] == [
        data for data, _ in parts
    ]


def test_grouping_is_by_byte_of_a_word() -> None:
    """Literal bytes: three little-endian words and two bytes more."""
    grouped = bytes([0x00, 0x10, 0x20, 0x30, 0x01, 0x11, 0x21, 0x31, 0x02, 0x12, 0x22, 0x03, 0x13, 0x23])
    plain = bytes([0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31])
    import lz4.frame

    assert unpack(Chunk(8, 0, 2, 14), lz4.frame.compress(grouped)) == plain


def test_hashes_are_written_as_words() -> None:
    raw = bytes(range(32))
    assert hash_text(raw) == "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
    assert words(hash_text(raw)) == raw


@pytest.mark.parametrize("checks", [False, True])
def test_a_shard_names_files_and_segments(checks: bool) -> None:
    files = [("aa" * 32, [("bb" * 32, 0, 2, 100), ("cc" * 32, 5, 6, 7)]), ("dd" * 32, [("bb" * 32, 1, 2, 9)])]
    found = list(parse_shard(io.BytesIO(shard(*files, checks=checks) + b"chunk lists that nobody needs")))
    assert [(file.sha256, list(file.segments)) for file in found] == [
        (oid, [Segment(xorb, start, end, size) for xorb, start, end, size in segments]) for oid, segments in files
    ]
    assert found[0].size == 107


@given(body=st.binary(max_size=400))
def test_noise_is_a_bad_request_and_nothing_else(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        scan_xorb(io.BytesIO(b"\7" + body), len(body) + 1)
    with pytest.raises(BadRequestError):
        list(parse_shard(io.BytesIO(body)))
    with pytest.raises(BadRequestError):
        unpack(Chunk(0, len(body), 1, 100), b"\0" + body)
